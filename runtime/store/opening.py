"""Which store a service has, from its settings (SPEC §9)."""

from runtime.settings import BaseSettings
from runtime.store.postgres import PostgresStore
from runtime.store.protocol import Store
from schema.errors import SettingError


class StoreSettings(BaseSettings, frozen=True, kw_only=True):
    """Where snapshots are kept: DATABASE_URL wins over SUPABASE_URL with SUPABASE_SERVICE_ROLE_KEY."""

    database_url: str = ""
    supabase_url: str = ""
    supabase_service_role_key: str = ""
    supabase_anon_key: str = ""


def open_store(settings: StoreSettings) -> Store:
    """Open the store that the settings name; nothing is connected yet.

    Raises SettingError with one line when they name none, or when the key is one that cannot write.
    """
    if settings.database_url:
        return PostgresStore(settings.database_url)
    if settings.supabase_url and settings.supabase_service_role_key:
        from runtime.store.supabase import SupabaseStore  # noqa: PLC0415 - it costs tens of megabytes

        return SupabaseStore(settings.supabase_url, settings.supabase_service_role_key)
    if settings.supabase_url and settings.supabase_anon_key:
        raise SettingError(
            "SUPABASE_ANON_KEY can only read: a service that writes needs SUPABASE_SERVICE_ROLE_KEY"
        )
    if settings.supabase_url:
        raise SettingError("SUPABASE_SERVICE_ROLE_KEY is missing: SUPABASE_URL alone cannot be written to")
    raise SettingError("no storage is set: set DATABASE_URL, or SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY")
