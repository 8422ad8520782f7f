"""Real servers on this machine to send to: a robot's, and a mail sink."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

OK = {"errcode": 0, "errmsg": "ok"}


class Robot:
    """What a robot's server got, and what it answers: `answers` one after another, then OK.

    An answer is a body, or a pair of status and body. With `silent` it reads the request and says
    nothing until `release` is called.
    """

    def __init__(self):
        self.got = []
        self.answers = []
        self.silent = False
        self.arrived = threading.Event()
        self._released = threading.Event()

    def release(self):
        self._released.set()

    def bodies(self):
        return [body for _path, body in self.got]

    def take(self, path, body):
        self.got.append((path, json.loads(body)))
        self.arrived.set()
        if self.silent:
            self._released.wait(60)
            return None
        answer = self.answers.pop(0) if self.answers else OK
        return answer if isinstance(answer, tuple) else (200, answer)


def _handler(robot):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            answer = robot.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                return
            status, body = answer
            raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args):
            """Say nothing on stderr."""

    return Handler


@contextmanager
def robot_server():
    """A running server; yields the robot and its `host:port`."""
    robot = Robot()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(robot))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        yield robot, f"127.0.0.1:{server.server_port}"
    finally:
        robot.release()
        server.shutdown()
        server.server_close()


class Sink:
    """Mails as they came in, and what is answered to recipient and content; "" means taken."""

    def __init__(self):
        self.mails = []
        self.to_recipient = ""
        self.to_content = ""
        self.arrived = threading.Event()
        self.hang_up = False
        # Takes the mail and is in no hurry to say so.
        self.slow = False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        self.arrived.set()
        if self.hang_up:
            server.transport.abort()
        while self.slow:
            await asyncio.sleep(0.05)
        return self.to_content or "250 taken"


@contextmanager
def mail_sink():
    """A running mail server; yields the sink and its port."""
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, port
    finally:
        sink.slow = False
        controller.stop()
