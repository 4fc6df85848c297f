"""One file per topic of the API: routes decide what is asked, and answer."""
