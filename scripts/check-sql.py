#!/usr/bin/env python3
"""Runs every ```sql block of the documentation against a migrated database, as an operator would paste it into psql.

    scripts/postgres.sh run test -- scripts/check-sql.py [FILE…]

Each block runs in a transaction of its own that is rolled back, with psql's variables (`\\set`) and commands. A statement
that fails, names a column that is not there or cannot be parsed fails the check, with the file and line of its block.
Blocks that make databases and logins, which no transaction takes back, are fenced as ```pgsql and left to the tests of
operations.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "docs/*.md", "deploy/**/*.md", "k8s/**/*.md", "services/*/README.md", "crates/*/README.md"]
DATABASE = "documented_sql"
TIMEOUT_SECONDS = 60
OPENING = re.compile(r"^(?P<indent> *)```sql *$")


class Block(NamedTuple):
    file: Path
    line: int
    text: str


def blocks_of(file: Path) -> list[Block]:
    found: list[Block] = []
    lines = file.read_text(encoding="utf-8").splitlines()
    opened: int | None = None
    indent = ""
    for number, line in enumerate(lines, start=1):
        if opened is None:
            if opening := OPENING.match(line):
                opened, indent = number, opening["indent"]
        elif line.strip() == "```":
            found.append(Block(file, opened, "\n".join(text.removeprefix(indent) for text in lines[opened : number - 1])))
            opened = None
    if opened is not None:
        raise SystemExit(f"{file.relative_to(CHECKOUT)}:{opened}: this block is never closed")
    return found


def psql(url: str, script: str) -> subprocess.CompletedProcess[str]:
    command = [CHECKOUT / "scripts/postgres.sh", "client", "test", "psql", "-XqAt", "--set", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]
    return subprocess.run(command, input=script, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


def must(done: subprocess.CompletedProcess[str], what: str) -> None:
    if done.returncode != 0:
        raise SystemExit(f"check-sql: {what}: {done.stderr.strip()}")


def migrated_database(server_url: str) -> str:
    must(psql(server_url, f"SET client_min_messages = warning; DROP DATABASE IF EXISTS {DATABASE};"), "cannot start anew")
    must(psql(server_url, f"CREATE DATABASE {DATABASE};"), f"cannot make {DATABASE}")
    url = f"{server_url.rsplit('/', 1)[0]}/{DATABASE}"
    migrate = Path(os.environ.get("CARGO_TARGET_DIR", CHECKOUT / "target")) / "debug/migrate"
    if not migrate.is_file():
        raise SystemExit(f"check-sql: {migrate} is not built; run `make build` first")
    environment = {**os.environ, "DATABASE_URL": url}
    must(subprocess.run([migrate, "up"], env=environment, capture_output=True, text=True, check=False), "migrate up")
    return url


def main() -> int:
    server_url = os.environ.get("TEST_DATABASE_URL")
    if not server_url:
        raise SystemExit("check-sql: TEST_DATABASE_URL is not set; start this by `make check-sql`")
    files = [Path(name).resolve() for name in sys.argv[1:]]
    files = files or sorted(file for pattern in DOCUMENTS for file in CHECKOUT.glob(pattern))
    blocks = [block for file in files for block in blocks_of(file)]
    if not blocks:
        raise SystemExit("check-sql: no ```sql block found; is this the right folder?")
    url = migrated_database(server_url)
    failed = 0
    for block in blocks:
        done = psql(url, f"BEGIN;\n{block.text}\n;ROLLBACK;\n")
        if done.returncode != 0:
            failed += 1
            print(f"{block.file.relative_to(CHECKOUT)}:{block.line}: {done.stderr.strip()}", file=sys.stderr)
    must(psql(server_url, f"DROP DATABASE {DATABASE};"), "cannot clean up")
    print(f"{len(blocks)} SQL blocks in {len({block.file for block in blocks})} documents, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
