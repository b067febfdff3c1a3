"""The lab and the program against their peers, as ratios from interleaved rounds.

    python benches/peers.py rates     the lab's requests per second against moto's (needs wrk)
    python benches/peers.py startup   one measured call, start to finish, against the AWS CLI
    python benches/peers.py memory    peak resident memory after few calls and after many

Run it with a Python that has boto3, awscli and moto[server]; docs/benchmarks.md says how to make one.
"""

import contextlib
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "target/release/awscreds-bench"
BIN = pathlib.Path(sys.executable).parent
CLEAN = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


@contextlib.contextmanager
def lab(source):
    """A lab without delays in the foreground: the variables that it exports."""
    command = [TOOL, "lab", "--scenario", "fast", "--source", source]
    with subprocess.Popen(command, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert "ready" in process.stderr.readline()
            os.set_blocking(process.stdout.fileno(), False)
            lines = process.stdout.read().splitlines()
            yield dict(line.removeprefix("export ").split("=", 1) for line in lines)
        finally:
            process.send_signal(signal.SIGINT)


@contextlib.contextmanager
def moto():
    """moto as a server: its URL."""
    command = [BIN / "moto_server", "-H", "127.0.0.1", "-p", "0"]
    log = tempfile.TemporaryFile("w+")
    with subprocess.Popen(command, env=CLEAN, stdout=log, stderr=log) as process:
        try:
            url = None
            while url is None:
                time.sleep(0.1)
                log.seek(0)
                url = next((line.split()[-1] for line in log if "Running on" in line), None)
            yield url
        finally:
            process.terminate()


def identity_request(url, key, secret, region):
    """A GetCallerIdentity as wrk's script, signed once: a signature is good for 15 minutes."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body = "Action=GetCallerIdentity&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    request = AWSRequest("POST", url + "/", headers=headers, data=body)
    SigV4Auth(Credentials(key, secret), "sts", region).add_auth(request)
    script = f'wrk.method = "POST"\nwrk.body = "{body}"\n'
    for name, value in request.headers.items():
        script += f'wrk.headers["{name}"] = "{value}"\n'
    return script


TOKEN_REQUEST = 'wrk.method = "PUT"\nwrk.headers["X-aws-ec2-metadata-token-ttl-seconds"] = "21600"\n'

# Printed by wrk itself, so that nothing depends on the form of its report.
SUMMARY = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("\\nRESULT %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def wrk(url, script, seconds):
    """Requests per second of one connection pool of eight; any failure is fatal."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script + SUMMARY)
        file.flush()
        command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "-s", file.name, url]
        printed = subprocess.run(command, env=CLEAN, check=True, capture_output=True, text=True).stdout
    result = next(line for line in printed.splitlines() if line.startswith("RESULT"))
    requests, micros, errors = map(int, result.split()[1:])
    assert errors == 0, printed
    return requests / micros * 1e6


def own(url, key, secret, region, seconds):
    """Calls per second with the program itself as the generator; every call is signed anew."""
    variables = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    command = [TOOL, "sts", "--source", "env", "--region", region, "--endpoint-url", url]
    command += ["-c", "8", "--duration", f"{seconds}s", "--format", "json"]
    printed = subprocess.run(command, env=CLEAN | variables, check=True, capture_output=True, text=True).stdout
    arm = json.loads(printed)["arms"][0]
    assert arm["outcomes"]["ok"] == arm["requests"], arm["outcomes"]
    return arm["requests"] / seconds


def spread(values):
    return f"{statistics.median(values):,.0f}/s ({min(values):,.0f} … {max(values):,.0f})"


def report(name, ours, theirs, what="lab"):
    ratios = [a / b for a, b in zip(ours, theirs)]
    median = statistics.median(ours) / statistics.median(theirs)
    print(f"{name}: {what} {spread(ours)}, moto {spread(theirs)}: {median:.1f} times "
          f"({min(ratios):.1f} … {max(ratios):.1f} by round)", flush=True)


def rates(rounds=5, seconds=2):
    with lab("static") as here, moto() as there:
        region = here["AWS_REGION"]
        keys = here["AWS_ACCESS_KEY_ID"], here["AWS_SECRET_ACCESS_KEY"]
        sts, imds = here["AWS_ENDPOINT_URL_STS"], here["AWS_EC2_METADATA_SERVICE_ENDPOINT"].rstrip("/")
        ours, theirs = (identity_request(url, *keys, region) for url in (sts, there))
        sides = {
            "GetCallerIdentity, wrk": (lambda: wrk(sts + "/", ours, seconds), lambda: wrk(there + "/", theirs, seconds)),
            "GetCallerIdentity, awscreds-bench -c 8": (
                lambda: own(sts, *keys, region, seconds), lambda: own(there, *keys, region, seconds)),
            "IMDS token, wrk": tuple(
                lambda url=url: wrk(url + "/latest/api/token", TOKEN_REQUEST, seconds) for url in (imds, there)),
        }
        for name, (one, other) in sides.items():
            one(), other()
            pairs = [(one(), other()) for _ in range(rounds)]
            report(name, *zip(*pairs))


def wall(command, environment):
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def startup(rounds=15):
    with lab("imds") as variables:
        inside = CLEAN | variables
        kinds = {
            "aws sts get-caller-identity": ([BIN / "aws", "sts", "get-caller-identity"], inside),
            "sts --lab fast -n 1 --warmup 0": ([TOOL, "sts", "--lab", "fast", "-n", "1", "--warmup", "0"], CLEAN),
            "sts -n 1 --warmup 0, on the CLI's lab": ([TOOL, "sts", "-n", "1", "--warmup", "0"], inside),
        }
        times = {name: [] for name in kinds}
        for turn in range(rounds + 1):
            for name, (command, environment) in kinds.items():
                elapsed = wall(command, environment)
                if turn > 0:
                    times[name].append(elapsed)
    base = None
    for name, values in times.items():
        middle = statistics.median(values)
        base = base or middle
        print(f"{name}: {middle * 1e3:.0f} ms ({min(values) * 1e3:.0f} … {max(values) * 1e3:.0f}): "
              f"{middle / base:.3f} of the AWS CLI")


def peak(calls):
    """Peak resident memory in MiB, and seconds."""
    command = [TOOL, "sts", "--lab", "fast", "-n", str(calls), "-c", "8", "--format", "json"]
    start = time.perf_counter()
    process = subprocess.Popen([*command], env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    assert json.loads(printed)["arms"][0]["outcomes"]["ok"] == calls
    return usage.ru_maxrss / 1024, time.perf_counter() - start


def memory(few=10_000, many=1_000_000):
    results = {calls: peak(calls) for calls in (few, many)}
    for calls, (mebibytes, seconds) in results.items():
        print(f"{calls:,} calls: {mebibytes:.1f} MiB at most, {seconds:.0f} s")
    print(f"ratio {results[many][0] / results[few][0]:.3f}")


if __name__ == "__main__":
    tasks = {"rates": rates, "startup": startup, "memory": memory}
    if len(sys.argv) < 2 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    tasks[sys.argv[1]](*map(int, sys.argv[2:]))
