"""A service that is asked to stop more than once stops all the same."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio
from runtime.service import run_async
from runtime.settings import BaseSettings

async def main(service):
    print("ready", flush=True)
    await asyncio.sleep(60)

run_async("test", BaseSettings, main)
"""


@pytest.mark.parametrize("turn", range(5))
def test_signals_that_come_close_together_stop_a_service(turn: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        while process.stdout.readline().strip() != "ready":
            assert process.poll() is None
        for number in (signal.SIGTERM, signal.SIGINT) * 10:
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                break
        assert process.wait(20) == 0
    finally:
        process.kill()
