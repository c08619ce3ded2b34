"""Where a document's commands run: a copy of this machine's files, with a SkyStack in it.

  machine   api.skystack.dev and sandbox.api.skystack.dev are a sandbox's, whose certificate this machine believes, and the token is in
            /etc/skystackfs/token. skystackfs and skystack-sandbox are installed. /mnt/skystack is an empty folder.
  mount     the same, with `production` mounted on /mnt/skystack, without limits of requests; commands begin in it.

Keys: instances=N (8), provision=MS (3000), environment=sandbox|production (production), sandbox=ARGUMENT,ARGUMENT (more for the sandbox),
options=OPTION,OPTION (more for the mount), cd=FOLDER (/root; `cd=.` is the repository).
$ADMIN is the sandbox's admin address, $ENDPOINT, $CACERT and $TOKEN_FILE what its line says.

A world is an overlay over the root directory, entered with chroot; the caller is the first process of a pid namespace, so all that a
world started is ended with it.
"""
import glob
import os
import select
import shutil
import signal
import subprocess
import time

HOSTS = "api.skystack.dev", "sandbox.api.skystack.dev"
# What the package puts where, beside the programs.
PACKAGED = (("packaging/systemd/*.service", "/usr/lib/systemd/system"), ("packaging/systemd/*.sh", "/usr/lib/skystackfs"))
SECONDS = 60  # for one command
END = "\x1eend of a command"


class Fault(Exception):
    """A world that can't be made."""


def quietly(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise Fault(f"{' '.join(command)}: {done.stdout}")


def make_certificates(folder):
    """An authority, and a certificate of the API's names, as the sandbox keeps them."""
    os.makedirs(folder)
    names = ",".join(f"DNS:{host}" for host in (*HOSTS, "localhost")) + ",IP:127.0.0.1"
    ec = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"
    quietly("openssl", "req", "-x509", *ec, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=documents", cwd=folder)
    quietly("openssl", "req", "-x509", *ec, "-keyout", "server-key.pem", "-out", "server.pem", "-subj", "/CN=api.skystack.dev",
            "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-addext", f"subjectAltName={names}",
            "-addext", "basicConstraints=critical,CA:FALSE", cwd=folder)


class World:
    def __init__(self, repository, place, kind, **keys):
        self.repository, self.place, self.kind = repository, place, kind
        self.root = os.path.join(place, "root")
        self.keys = {"instances": "8", "provision": "3000", "environment": "production", "sandbox": "", "options": "",
                     "cd": "/mnt/skystack" if kind == "mount" else "/root"}
        unknown = set(keys) - set(self.keys)
        if kind not in ("machine", "mount") or unknown:
            raise Fault(f"there is no world {kind} {' '.join(unknown)}")
        self.keys.update(keys)
        self.shell = None
        self.ended = 0

    def start(self):
        self._make_root()
        self._install()
        command = ["chroot", self.root, "/usr/bin/env", "-i", "HOME=/root", "USER=root", "TERM=dumb", "LC_ALL=C.UTF-8",
                   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "bash", "--norc"]
        self.shell = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True)
        self._must(f"cd {self.repository}")  # an own build's libraries and leak reports are found from anywhere
        self._start_sandbox()
        if self.kind == "mount":
            more = self.keys["options"]
            self._must("skystackfs production /mnt/skystack -o requests_per_minute=0,requests_per_day=0,"
                       f"region=eu-central,size=standard-2{',' + more if more else ''}")
        folder = self.keys["cd"]
        self._must(f"cd {self.repository if folder == '.' else folder}")

    def _make_root(self):
        for folder in ("upper", "work", "root"):
            os.makedirs(os.path.join(self.place, folder))
        quietly("mount", "-t", "overlay", "overlay", "-o",
                f"lowerdir=/,upperdir={self.place}/upper,workdir={self.place}/work", self.root)
        for folder in ("/dev", "/sys"):
            quietly("mount", "--rbind", folder, self.root + folder)
        quietly("mount", "-t", "proc", "proc", self.root + "/proc")
        for folder, mode in (("/tmp", "1777"), ("/run", "755"), ("/mnt", "755"), ("/etc/skystackfs", "755"),
                             ("/var/lib/skystackfs", "700")):
            os.makedirs(self.root + folder, exist_ok=True)
            quietly("mount", "-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", self.root + folder)
        os.mkdir(self.root + "/mnt/skystack")
        for folder in ("/root/.config/skystackfs", "/root/.local/state/skystackfs"):  # a tool of the build may be below /root
            shutil.rmtree(self.root + folder, ignore_errors=True)
        for path in (self.repository, os.environ["SKYSTACKFS"], os.environ["SKYSTACK_SANDBOX"]):
            if not os.path.exists(self.root + path):  # on a file system of its own, or below /tmp
                folder = path if os.path.isdir(path) else os.path.dirname(path)
                os.makedirs(self.root + folder, exist_ok=True)
                quietly("mount", "--bind", folder, self.root + folder)

    def _install(self):
        for link, target in (("/usr/bin/skystackfs", os.environ["SKYSTACKFS"]),
                             ("/usr/sbin/mount.skystackfs", os.environ["SKYSTACKFS"]),
                             ("/usr/bin/skystack-sandbox", os.environ["SKYSTACK_SANDBOX"])):
            if os.path.lexists(self.root + link):
                os.unlink(self.root + link)
            os.symlink(target, self.root + link)
        with open(self.root + "/root/.curlrc", "w", encoding="utf-8") as out:
            out.write("silent\nshow-error\nfail-with-body\n")
        shutil.copy(os.path.join(os.path.dirname(__file__), "systemctl"), self.root + "/usr/bin/systemctl")
        for folder, to in PACKAGED:
            for path in glob.glob(os.path.join(self.repository, folder)):
                os.makedirs(self.root + to, exist_ok=True)
                shutil.copy(path, self.root + to)
        with open(self.root + "/etc/hosts", "w", encoding="utf-8") as hosts:
            hosts.write(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
        certificates = os.path.join(os.path.dirname(self.place), "certificates")
        if not os.path.exists(certificates):
            make_certificates(certificates)
        shutil.copytree(certificates, self.root + "/run/sandbox")
        for name in os.listdir(certificates):
            os.chmod(self.root + "/run/sandbox/" + name, 0o600)
        os.chmod(self.root + "/run/sandbox", 0o700)
        authorities = self.root + "/etc/ssl/certs/ca-certificates.crt"
        with open(authorities, "a", encoding="utf-8") as out, open(certificates + "/ca.pem", encoding="utf-8") as ca:
            out.write(ca.read())

    def _start_sandbox(self):
        arguments = ["--dir /run/sandbox --listen 127.0.0.1:443 --rate-minute 0 --rate-day 0", f"--instances {self.keys['instances']}",
                     f"--provision-ms {self.keys['provision']}", f"--environment {self.keys['environment']}",
                     self.keys["sandbox"].replace(",", " ")]
        self._must(f"""
            skystack-sandbox {' '.join(arguments)} >/run/ready 2>/run/sandbox.log & SANDBOX_PID=$!
            for i in {{1..400}}; do [ ! -s /run/ready ] || break; kill -0 $SANDBOX_PID || break; sleep 0.02; done
            cat /run/sandbox.log; [ -s /run/ready ]""")
        self._must("""
            for name in endpoint cacert token_file admin; do declare -x "${name^^}=$(jq -r ".$name" /run/ready)"; done
            install -m 600 "$TOKEN_FILE" /etc/skystackfs/token""")

    def _must(self, text):
        printed, code = self.run(text)
        if code != 0:
            raise Fault(f"{' '.join(text.split())}\n{printed}")

    def run(self, text, seconds=SECONDS):
        """What a command prints, and how it ends; its shell is that of the commands before. The code is None when its time was up."""
        with open(self.root + "/run/command", "w", encoding="utf-8") as out:
            out.write(f"(exit {self.ended})\n{text}")  # for `echo $?`
        self.shell.stdin.write(f'eval "$(</run/command)" </dev/null; printf "\\n{END} %d\\n" $?\n'.encode())
        self.shell.stdin.flush()
        printed, code = self._read(time.monotonic() + seconds)
        self.ended = code or 0
        return printed, code

    def _read(self, until):
        printed = b""
        mark = b"\n" + END.encode()
        while not (mark in printed and printed.endswith(b"\n")):
            left = until - time.monotonic()
            ready = select.select([self.shell.stdout], [], [], max(left, 0))[0]
            more = os.read(self.shell.stdout.fileno(), 1 << 16) if ready else b""
            if not more:
                return printed.decode(errors="replace") + "\n(this does not end)\n", None
            printed += more
        text, code = printed.rsplit(mark, 1)
        return text.decode(errors="replace"), int(code)

    def stop(self):
        """Ends all that it started, and takes its files away."""
        try:
            os.kill(-1, signal.SIGTERM)  # all of this pid namespace but ourselves
            self._reap(time.monotonic() + 3)
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._reap(time.monotonic() + 5)
        if self.shell:
            self.shell.stdin.close()
            self.shell.stdout.close()
        subprocess.run(["umount", "-R", "-l", self.root], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.place, ignore_errors=True)

    @staticmethod
    def _reap(until):
        while time.monotonic() < until:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.01)
            except ChildProcessError:
                return
