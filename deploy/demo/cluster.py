"""The running cluster as a stranger sees it: the public HTTP API, the catcher's folder, the command line, and the
views that anybody may query."""
import base64
import email
import email.policy
import gzip
import http.client
import json
import os
import re
import subprocess
import urllib.parse

SETTINGS = {name: os.environ[name] for name in
            ("LOODS_INGEST_URL", "LOODS_DATABASE_URL", "LOODS_MAIL_DIR", "LOODS_WRITE_KEY", "LOODS_PSQL", "LOODS_BIN")}


class Ingest:
    """A client that keeps its connection, as a server's SDK does."""

    def __init__(self):
        self.url = urllib.parse.urlsplit(SETTINGS["LOODS_INGEST_URL"])
        self.connection = None
        key = base64.b64encode(f"{SETTINGS['LOODS_WRITE_KEY']}:".encode()).decode()
        self.authorization = f"Basic {key}"

    def request(self, method, path, body=None, headers=None):
        for last in (False, True):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
            try:
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection = None
                if last:
                    raise

    def batch(self, items):
        """Posts items and returns those that were rejected, as the API names them."""
        body = gzip.compress(json.dumps({"batch": items}).encode(), 1)
        status, _, text = self.request("POST", "/v1/batch", body, {
            "Authorization": self.authorization, "Content-Type": "application/json", "Content-Encoding": "gzip"})
        if status != 200:
            raise SystemExit(f"POST /v1/batch was answered {status}: {text[:300].decode(errors='replace')}")
        return json.loads(text or b"{}").get("rejected", [])

    def path_of(self, address):
        parts = urllib.parse.urlsplit(address)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def unsubscribe(self, address):
        status, _, text = self.request("POST", self.path_of(address), "List-Unsubscribe=One-Click", {
            "Content-Type": "application/x-www-form-urlencoded"})
        if status != 200:
            raise SystemExit(f"one-click unsubscribe was answered {status}: {text[:300].decode(errors='replace')}")

    def follow(self, address, headers=None):
        """Where a link in a mail leads."""
        status, headers, _ = self.request("GET", self.path_of(address), headers=headers)
        return headers.get("Location") or headers.get("location") if status in (302, 303, 307) else f"status {status}"


class CaughtMail:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        self.envelope_to = str(message["X-Envelope-To"] or "")
        self.to = [address.addr_spec for address in message["To"].addresses]
        self.subject = str(message["Subject"])
        self.at = message["Date"].datetime
        self.unsubscribe = str(message["List-Unsubscribe"] or "").strip("<> ") or None
        self.one_click = str(message["List-Unsubscribe-Post"] or "")
        self.text = message.get_body(("plain",)).get_content()
        self.html = message.get_body(("html",)).get_content()

    def links(self):
        """The links in its HTML, in order, and the address of its pixel."""
        addresses = [value.replace("&amp;", "&") for value in re.findall(r'<a\s[^>]*href="([^"]+)"', self.html)]
        pixel = re.search(r'<img\s[^>]*src="([^"]+)"', self.html)
        return addresses, pixel and pixel.group(1).replace("&amp;", "&")


class Mailbox:
    """Reads each caught mail once."""

    def __init__(self):
        self.directory = SETTINGS["LOODS_MAIL_DIR"]
        self.seen = set()
        self.mails = []

    def new(self):
        names = sorted(name for name in os.listdir(self.directory) if name.endswith(".eml") and name not in self.seen)
        self.seen.update(names)
        fresh = [CaughtMail(os.path.join(self.directory, name)) for name in names]
        self.mails += fresh
        return fresh


def loods(*arguments):
    """Runs the command line; its output, or the end of everything with its words."""
    done = subprocess.run([SETTINGS["LOODS_BIN"], *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"loods {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()[-1000:]}")
    return done.stdout


def clock_until(time):
    loods("clock", "until", time.isoformat())


def rows(sql):
    done = subprocess.run([SETTINGS["LOODS_PSQL"], "-X", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", sql,
                           SETTINGS["LOODS_DATABASE_URL"]], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"psql: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]
