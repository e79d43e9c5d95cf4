"""From orders to mails as one would write it in Python: events and jobs by COPY and pgqueuer, points by SQL, Jinja2, aiosmtplib.

`peer.py` makes its tables and says the versions; then each line "LABEL COUNT" on standard input lets that many orders in, each
by somebody new, and is answered by a line with COUNT once every mail was taken. Two workers share the machine as two of our
processes would, with four connections to the mail server each. What Loods does besides is left out: no HTTP before it, no
identities, no consent, no signatures, no reasons on record.
"""

import asyncio
import json
import multiprocessing
import os
import sys
from datetime import timedelta
from email.message import EmailMessage
from importlib.metadata import version
from pathlib import Path

import aiosmtplib
import jinja2
import psycopg
from pgqueuer import PsycopgDriver, QueueManager
from pgqueuer.domain.types import QueueExecutionMode
from pgqueuer.queries import Queries

DATABASE = os.environ["LOODS_BENCH_PEER_DATABASE_URL"]
HOST, PORT = os.environ["LOODS_BENCH_PEER_SMTP"].split(":")
MAIL = Path(os.environ["LOODS_BENCH_DEFINITIONS"]) / "emails" / "bench-mail"
WORKERS, CONNECTIONS, BATCH = 2, 4, 500
POINTS = 20

SCHEMA = """
create table events (id text primary key, contact text not null, name text not null, at timestamptz not null default now(),
  properties jsonb not null);
create table contacts (id text primary key, email text not null, first_name text not null, points double precision not null);
create table messages (event_id text primary key, contact text not null, sent_at timestamptz not null default now(),
  reply text not null);
"""


async def connect():
    return await psycopg.AsyncConnection.connect(DATABASE, autocommit=True)


async def prepare():
    async with await connect() as connection:
        await connection.execute(SCHEMA)
        await Queries(PsycopgDriver(connection)).install()


async def let_in(label, count):
    """Five hundred at a time: the rows by COPY, and a job for each."""
    async with await connect() as connection:
        queries = Queries(PsycopgDriver(connection))
        for start in range(0, count, BATCH):
            numbers = range(start, min(count, start + BATCH))
            orders = [order(label, number) for number in numbers]
            async with connection.cursor().copy("copy events (id, contact, name, properties) from stdin") as rows:
                for it in orders:
                    await rows.write_row((it["id"], it["contact"], "Order Completed", json.dumps(it["properties"])))
            await queries.enqueue(
                ["order"] * len(orders), [json.dumps(it).encode() for it in orders], [0] * len(orders))


def order(label, number):
    contact = f"buyer-{label}-{number:06d}"
    return {
        "id": f"bench-{label}-{number:08d}", "contact": contact, "email": f"{contact}@mail.example", "first_name": "Anne",
        "properties": {"order_id": f"{label}-{number}", "revenue": 12.5, "currency": "EUR"},
    }


class Rows:
    """Rows that wait for their statement: written together once there are many, or nobody else is at work."""

    def __init__(self, connection, write):
        self.connection, self.write = connection, write
        self.waiting, self.flushing = [], None

    async def add(self, row):
        written = asyncio.get_running_loop().create_future()
        self.waiting.append((row, written))
        if self.flushing is None:
            self.flushing = asyncio.create_task(self.flush())
        await written

    async def flush(self):
        while self.waiting:
            await asyncio.sleep(0)
            taken, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
            async with self.connection.transaction():
                await self.write(self.connection, [row for row, _ in taken])
            for _, written in taken:
                written.set_result(None)
        self.flushing = None


async def write_points(connection, rows):
    await connection.execute("create temporary table if not exists scored (like contacts) on commit delete rows")
    async with connection.cursor().copy("copy scored from stdin") as copy:
        for row in rows:
            await copy.write_row(row)
    await connection.execute(
        "insert into contacts select id, min(email), min(first_name), sum(points) from scored group by id"
        " on conflict (id) do update set points = contacts.points + excluded.points")


async def write_messages(connection, rows):
    async with connection.cursor().copy("copy messages (event_id, contact, reply) from stdin") as copy:
        for row in rows:
            await copy.write_row(row)


async def work():
    templates = jinja2.Environment(autoescape=True)
    html = templates.from_string((MAIL / "body.html.mustache").read_text())
    text = jinja2.Environment().from_string((MAIL / "body.txt.mustache").read_text())
    servers = asyncio.Queue()
    for _ in range(CONNECTIONS):
        server = aiosmtplib.SMTP(hostname=HOST, port=int(PORT), start_tls=False)
        await server.connect()
        servers.put_nowait(server)
    points, messages = Rows(await connect(), write_points), Rows(await connect(), write_messages)
    manager = QueueManager(Queries(PsycopgDriver(await connect())))

    @manager.entrypoint("order")
    async def handle(job):
        it = json.loads(job.payload)
        await points.add((it["contact"], it["email"], it["first_name"], POINTS))
        facts = {"contact": it, "workspace": {"address": "The Harbour Shop, Quay 1"}}
        mail = EmailMessage()
        mail["From"], mail["To"] = "The Harbour Shop <shop@mail.example>", it["email"]
        mail["Subject"], mail["Message-ID"] = "Your first order is on its way", f"<{it['id']}@mail.example>"
        mail.set_content(text.render(facts))
        mail.add_alternative(html.render(facts), subtype="html")
        server = await servers.get()
        try:
            _, reply = await server.send_message(mail)
        finally:
            servers.put_nowait(server)
        await messages.add((it["id"], it["contact"], reply))

    await manager.run(
        batch_size=BATCH, dequeue_timeout=timedelta(milliseconds=100), mode=QueueExecutionMode.continuous)


async def sent(connection):
    return (await (await connection.execute("select count(*) from messages")).fetchone())[0]


async def main():
    await prepare()
    workers = [multiprocessing.Process(target=lambda: asyncio.run(work()), daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    names = ["pgqueuer", "psycopg", "Jinja2", "aiosmtplib"]
    print(", ".join(f"{name} {version(name)}" for name in names), flush=True)
    loop = asyncio.get_running_loop()
    async with await connect() as connection:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            label, count = line.split()
            wanted = await sent(connection) + int(count)
            await let_in(label, int(count))
            while await sent(connection) < wanted:
                await asyncio.sleep(0.02)
            print(count, flush=True)
    for worker in workers:
        worker.kill()


asyncio.run(main())
