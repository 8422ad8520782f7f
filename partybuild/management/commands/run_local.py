"""Everything one PC needs, in the foreground: broker, web server, worker, schedule."""

import contextlib
import fcntl
import io
import os
import signal
import socket
import sys
import time

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from partybuild import broker
from partybuild.supervisor import Child, redis_answers, stop_redis, wait_until

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "在本机运行全部服务 Run web server, worker, schedule and broker on this machine."
    # They run in `prepare`, after the locks are taken.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=os.environ.get("PORT") or 8000)

    def handle(self, *, port, **options):
        self.port = port
        self.children = []
        self.accounts_told = False
        # Both signals end in the same place: `finally` stops the children in order.
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)
        try:
            with self.only_one():
                self.check_port()
                self.prepare()
                self.start()
                self.greet()
                self.watch()
        except KeyboardInterrupt:
            self.say("正在停止… stopping")
        finally:
            # A second Ctrl-C must not leave half of them running.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            for child in reversed(self.children):
                child.stop()
        self.say("已停止 stopped")

    def say(self, text):
        self.stdout.write(text)
        self.stdout.flush()

    @contextlib.contextmanager
    def only_one(self):
        """Two of us on one var/ would fight over the broker."""
        with (settings.VAR / "run_local.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CommandError("本目录的服务已在运行 (already running here)") from error
            yield

    def check_port(self):
        if not 0 < self.port < 65536:
            raise CommandError(f"端口 {self.port} 无效 (not a port number)")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise CommandError(
                    f"端口 {self.port} 已被占用，请换一个：PORT={self.port + 1} make run "
                    f"(port {self.port} is taken: {error.strerror})"
                ) from error

    def prepare(self):
        """Database, static files, and an invented county where there is none yet."""
        call_command("check", stdout=io.StringIO())
        self.say("检查数据库… preparing the database")
        call_command("migrate", interactive=False, verbosity=0)
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        if not apps.get_model("branches", "Organisation").objects.exists():
            self.say("首次运行，生成演示数据… making a demonstration county")
            call_command("demo_county", stdout=self.stdout, stderr=self.stderr)
            self.accounts_told = True

    def start(self):
        logs = settings.VAR / "logs"
        logs.mkdir(exist_ok=True)
        env = os.environ.copy()
        if not settings.REDIS_URL and settings.CELERY_BROKER_URL != broker.FILE_BROKER_URL:
            self.start_redis(logs, env)
        self.add(Child("网页 web", self.web_command(), logs / "web.log", env))
        self.add(Child("后台 worker", self.worker_command(), logs / "worker.log", env))

    def start_redis(self, logs, env):
        listen = broker.socket_path(settings.VAR)
        if redis_answers(listen):
            stop_redis(listen)
        child = Child("队列 redis", broker.redis_command(settings.VAR), logs / "redis.log")
        self.add(child)
        if not wait_until(lambda: redis_answers(listen), seconds=10):
            # The binary does not run on this system: files do, for the children at least.
            self.children.remove(child)
            child.stop()
            env["REDIS_URL"] = broker.FILE_BROKER_URL
            self.say("内置 Redis 无法启动，改用文件队列 (embedded Redis failed, using files)")

    def add(self, child):
        self.children.append(child)
        child.start()

    def web_command(self):
        return [
            *(sys.executable, "-m", "gunicorn", "partybuild.wsgi"),
            *("--bind", f"{HOST}:{self.port}", "--worker-class", "gthread"),
            *("--workers", "2", "--threads", "4", "--timeout", "120"),
            "--no-control-socket",  # it would lie in the home folder, shared by all
        ]

    def worker_command(self):
        return [
            *(sys.executable, "-m", "celery", "-A", "partybuild", "worker", "--beat"),
            *("--concurrency", "1", "--loglevel", "INFO"),
            *("--schedule", settings.CELERY_BEAT_SCHEDULE_FILENAME),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]

    def greet(self):
        if not wait_until(self.web_answers, seconds=60):
            self.say(f"网页服务尚未就绪，请看日志 {settings.VAR / 'logs' / 'web.log'}")
        self.say(f"\n党支部工作管理平台 http://{HOST}:{self.port}/")
        accounts = settings.VAR / "demo_accounts.txt"
        if accounts.exists() and not self.accounts_told:
            self.say(accounts.read_text(encoding="utf-8").rstrip())
        self.say(f"日志 logs: {settings.VAR / 'logs'}    停止 stop: Ctrl-C\n")

    def web_answers(self):
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def watch(self):
        while True:
            for child in self.children:
                child.watch(self.say)
            time.sleep(1)


def _interrupt(signum, frame):
    raise KeyboardInterrupt
