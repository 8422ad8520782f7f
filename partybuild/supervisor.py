"""Keeps the processes of a local installation running and ends them together."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Warm shutdown: the web server finishes its requests, the worker its jobs.
STOP_SECONDS = 15
# A child that keeps dying is started again, but not in a busy loop.
FIRST_PAUSE = 1
LONGEST_PAUSE = 30


def _end_with_parent():
    """Linux only: a child does not outlive a supervisor that was killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # 1 is PR_SET_PDEATHSIG


class Child:
    """One process that should be running."""

    def __init__(self, name, command, log_path, env=None):
        self.name = name
        self.command = command
        self.log_path = log_path
        self.env = env
        self.process = None
        self.pause = FIRST_PAUSE
        self.start_at = 0.0

    def start(self):
        with self.log_path.open("ab") as log:
            # Its own session: Ctrl-C reaches the supervisor alone, which stops in order.
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        self.started_at = time.monotonic()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def watch(self, say):
        """Start again what has died, after a pause that grows with each quick death."""
        if self.running():
            return
        now = time.monotonic()
        if self.process is not None:
            if now - self.started_at > LONGEST_PAUSE:
                self.pause = FIRST_PAUSE
            say(
                f"{self.name} 已退出（{self.process.returncode}），{self.pause} 秒后重启，日志 {self.log_path}"
            )
            self._end_group()
            self.process = None
            self.start_at = now + self.pause
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
        if now >= self.start_at:
            self.start()

    def stop(self):
        if not self.running():
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._end_group()

    def _end_group(self):
        """A worker that was killed leaves its pool and its schedule behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def _redis_client(socket_path):
    """A client that says at once when nobody answers."""
    retry = Retry(NoBackoff(), retries=0)
    return redis.Redis(unix_socket_path=str(socket_path), socket_timeout=5, retry=retry)


def redis_answers(socket_path):
    """Whether a Redis server listens on the socket."""
    with _redis_client(socket_path) as client, contextlib.suppress(redis.RedisError):
        return client.ping()
    return False


def stop_redis(socket_path):
    """End a server left behind by an earlier run: two on one file would spoil it."""
    with _redis_client(socket_path) as client, contextlib.suppress(redis.RedisError):
        client.shutdown()


def wait_until(condition, seconds):
    """Ask `condition` until it holds; False after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False
