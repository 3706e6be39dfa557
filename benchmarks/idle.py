"""What workspaces cost in which nothing happens: `python -m benchmarks.idle 200` serves so many and looks at the process.

Everything runs on an embedded database and a stand-in for Slack in the same process; figures are of the whole process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr
from slack_sdk.oauth.installation_store import Installation

from bot import postgres
from bot.config import Settings
from bot.sealing import new_key
from bot.trial import DATABASE, own_database, urls
from bot.workspaces import Workspaces
from migrations import upgrade
from sandbox import company
from sandbox.server import Sandbox, serving

SETTLE_SECONDS = 20.0
WATCH_SECONDS = 20.0
USED = 20


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def populated(product: Workspaces, number: int) -> None:
    """Let so many workspaces in, without Slack's part of it."""
    for each in range(number):
        tenant = await product.offices.tenants.admit(f"T{each:06d}", name=f"Company {each}")
        await product._name(tenant, f"Company {each}")
        await product.offices.installations.async_save(
            Installation(app_id="A1", team_id=f"T{each:06d}", bot_token=f"xoxb-{each}", bot_user_id="U1", user_id="U2")
        )


async def watched(server: postgres.Server, number: int) -> None:
    """Serve, wait until all is quiet, and tell what it costs."""
    async with serving(Sandbox(company.load())) as slack:
        settings = Settings(
            _env_file=None,
            slack_client_id="1.2",
            slack_client_secret=SecretStr("a-secret-of-the-client"),
            slack_signing_secret=SecretStr("a-secret-for-signing"),
            slack_api_url=slack.api_url,
            secrets_keys=SecretStr(new_key()),
            public_url="http://127.0.0.1:1",
            port=0,
        )
        product = Workspaces(settings.model_copy(update=urls(server)))
        await populated(product, number)
        before, began, spent = resident(), time.monotonic(), time.process_time()
        await product.start()
        told(
            f"{number} workspaces at work after",
            f"{time.monotonic() - began:.2f} s, {time.process_time() - spent:.2f} s CPU",
        )
        told("memory before and after", f"{before:.1f} MB, {resident():.1f} MB")
        await asyncio.sleep(SETTLE_SECONDS)
        began, spent = time.monotonic(), time.process_time()
        await asyncio.sleep(WATCH_SECONDS)
        share = (time.process_time() - spent) / (time.monotonic() - began)
        told("CPU while all is quiet", f"{share * 100:.2f} % of a core, load {os.getloadavg()[0]:.1f}")
        told("memory by then", f"{resident():.1f} MB")
        offices, before = product.offices.open()[:USED], resident()
        for one in offices:
            _ = one.bolt, one.web
        told("more for one that Slack and a browser have asked", f"{(resident() - before) / len(offices):.2f} MB")
        await product.stop()


def told(what: str, figure: str) -> None:
    """Print a figure."""
    print(f"{what:<50}{figure}")


def main() -> None:
    """Make a database for it, and look."""
    with tempfile.TemporaryDirectory(prefix="bookroom-idle-") as folder:
        Path(folder).chmod(0o755)
        with own_database(Path(folder)) as server:
            upgrade(server.url(postgres.OWNER, DATABASE))
            asyncio.run(watched(server, int(sys.argv[1]) if len(sys.argv) > 1 else 200))


if __name__ == "__main__":
    main()
