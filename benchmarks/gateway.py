"""Measures the gateway beside a direct connection, the least that a gateway could do, and other gateways."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway_bench import peers, processes
from gateway_bench.load import Job, Result
from gateway_bench.peers import Absent, Bench, Peer
from gateway_bench.upstream import CHUNKS

CONCURRENCY = (1, 16, 64)
STREAMS = (1, 16)
SOAK_SAMPLES = 20


@dataclass(frozen=True)
class Cell:
    """One peer at one kind of load: the best of the rounds, which is what the noise of a machine leaves of the truth.

    CPU in microseconds a request (of a stream: a chunk), times in milliseconds.
    """

    cpu: float | None
    rate: float
    p50: float
    first: float


@dataclass(frozen=True)
class Target:
    """A goal: `value` must be at most (or, where `least`, at least) `bound`."""

    name: str
    value: float
    bound: float
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.bound if self.least else self.value <= self.bound


Key = tuple[str, bool, int]  # a peer's name, whether it streams, and how many at once


@contextmanager
def upstream(core: int) -> Iterator[int]:
    """The fake provider's port."""
    command = [sys.executable, str(peers.HERE / "upstream.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def load(peer: Peer, core: int, *, stream: bool, concurrency: int, requests: int, seconds: float) -> Result:
    """The load on the generator's core. Raises RuntimeError for a peer that answers wrongly."""
    job = Job(peer.port, peer.headers, stream, concurrency, requests, seconds)
    ended = subprocess.run(
        [sys.executable, str(peers.HERE / "load.py")],
        input=json.dumps(asdict(job)).encode(),
        capture_output=True,
        timeout=seconds + 60,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if ended.returncode:
        raise RuntimeError(f"{peer.name}: {ended.stderr.decode().strip()}")
    return Result(**json.loads(ended.stdout))


def measured(peer: Peer, core: int, *, stream: bool, concurrency: int, requests: int, seconds: float) -> Cell:
    """One round of one cell."""
    before = processes.cpu(peer.pid) if peer.pid else 0.0
    result = load(peer, core, stream=stream, concurrency=concurrency, requests=requests, seconds=seconds)
    units = result.requests * (CHUNKS if stream else 1)
    cpu = (processes.cpu(peer.pid) - before) / units * 1e6 if peer.pid else None
    return Cell(cpu, result.requests / result.seconds, result.p50 * 1e3, result.first * 1e3)


def best(cells: list[Cell]) -> Cell:
    """The least of each cost and the highest rate."""
    return Cell(
        min((cell.cpu for cell in cells if cell.cpu is not None), default=None),
        max(cell.rate for cell in cells),
        min(cell.p50 for cell in cells),
        min(cell.first for cell in cells),
    )


def rounds(running: list[Peer], core: int, count: int, requests: int, seconds: float) -> dict[Key, Cell]:
    """All peers by turns, `count` times; the first round only warms them up."""
    plan = [(False, at_once, requests) for at_once in CONCURRENCY]
    plan += [(True, at_once, max(20, requests // 50)) for at_once in STREAMS]
    cells: dict[Key, list[Cell]] = defaultdict(list)
    for turn in range(count + 1):
        for stream, at_once, number in plan:
            for peer in running:
                cell = measured(peer, core, stream=stream, concurrency=at_once, requests=number, seconds=seconds)
                if turn:
                    cells[peer.name, stream, at_once].append(cell)
        print(f"round {turn} of {count}", file=sys.stderr)
    return {key: best(found) for key, found in cells.items()}


def targets(cells: dict[Key, Cell]) -> list[Target]:
    """What our gateway is to reach, as far as who it is compared with was measured."""
    found = []
    cpu = {name: cells[name, False, 64].cpu for name, stream, at_once in cells if not stream and at_once == 64}
    own = cpu.get("llm-gateway")
    if not own:
        return []
    if least := cpu.get("passthrough"):
        found.append(Target("CPU a request, times the passthrough's", own / least, 2.0))
    for name, times in (("portkey", 3.0), ("litellm", 30.0)):
        if other := cpu.get(name):
            found.append(Target(f"requests a second and core, times {name}'s", other / own, times, least=True))
    streamed = cells["llm-gateway", True, 1].first
    if direct := cells.get(("direct", True, 1)):
        found.append(Target("ms to the first token beyond the direct connection", streamed - direct.first, 1.5))
    found.append(Target("us of CPU a streamed chunk, 16 at once", cells["llm-gateway", True, 16].cpu or 0.0, 40.0))
    return found


def soak(peer: Peer, core: int, requests: int) -> Target:
    """Memory over many requests, after a warm-up: the slope of its second half, by least squares."""
    assert peer.pid is not None
    portion = max(1, requests // SOAK_SAMPLES)
    load(peer, core, stream=False, concurrency=16, requests=portion, seconds=3600)
    samples = [processes.rss(peer.pid)]
    for number in range(SOAK_SAMPLES):
        load(peer, core, stream=False, concurrency=16, requests=portion, seconds=3600)
        samples.append(processes.rss(peer.pid))
        print(f"{(number + 1) * portion:>9,} requests {samples[-1]:8.1f} MiB", file=sys.stderr)
    late = samples[len(samples) // 2 :]  # allocators take their time to settle
    middle, mean = (len(late) - 1) / 2, sum(late) / len(late)
    slope = sum((at - middle) * (mib - mean) for at, mib in enumerate(late))
    slope /= sum((at - middle) ** 2 for at in range(len(late))) * portion
    return Target("MiB of growth per 100,000 requests", slope * 100_000, 1.0)


def table(running: list[Peer], cells: dict[Key, Cell], memory: dict[str, float]) -> Iterator[str]:
    """The measurements, one peer a line, then what the columns are."""
    base = cells.get(("passthrough", False, 64))
    direct = cells.get(("direct", False, 1))
    yield f"{'':<13}{'CPU us':>9}{'x':>7}{'req/s 1':>9}{'16':>8}{'64':>8}{'+p50 ms':>9}" + (
        f"{'first 1':>9}{'16':>8}{'us/chunk':>10}{'RSS MiB':>9}"
    )
    for peer in running:
        whole = [cells[peer.name, False, at_once] for at_once in CONCURRENCY]
        streams = [cells[peer.name, True, at_once] for at_once in STREAMS]
        ratio = whole[2].cpu / base.cpu if base and base.cpu and whole[2].cpu else None
        added = whole[0].p50 - direct.p50 if direct else None
        yield f"{peer.name:<13}{_number(whole[2].cpu, 9, 0)}{_number(ratio, 7, 2)}" + "".join(
            (
                *(_number(cell.rate, width, 0) for cell, width in zip(whole, (9, 8, 8), strict=True)),
                _number(added, 9, 2),
                *(_number(cell.first, width, 2) for cell, width in zip(streams, (9, 8), strict=True)),
                _number(streams[1].cpu, 10, 1),
                _number(memory.get(peer.name), 9, 0),
            )
        )


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-' if value is None else f'{value:.{digits}f}':>{width}}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", default=",".join(peers.KNOWN), help="which, separated by commas (default: %(default)s)"
    )
    parser.add_argument("--requests", type=int, default=2500, help="requests a round and peer (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=8, help="rounds that count (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="most seconds a round and peer (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two rounds of 1,000 requests")
    parser.add_argument("--soak", type=int, default=0, metavar="N", help="then watch our memory over N requests")
    parser.add_argument("--json", action="store_true", help="JSON instead of the table")
    parser.add_argument(
        "--installed", type=Path, metavar="DIR", help="where other gateways are, or are to stay, installed"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end too
    names = options.peers.split(",")
    if unknown := sorted(set(names) - peers.KNOWN.keys()):
        parser.error(f"--peers: no peer is called {', '.join(unknown)}; known are {', '.join(peers.KNOWN)}")
    count, requests = (2, 1000) if options.quick else (options.rounds, options.requests)
    cores = sorted(os.sched_getaffinity(0))
    absent: dict[str, str] = {}
    running: list[Peer] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-bench-")))
        bench = Bench(folder, options.installed or folder, stack.enter_context(upstream(cores[-1])), cores[0])
        for name in names:
            try:
                running.append(stack.enter_context(peers.KNOWN[name](bench)))
            except Absent as error:
                absent[name] = str(error)
        cells = rounds(running, cores[-1], count, requests, options.seconds)
        memory = {peer.name: processes.rss(peer.pid) for peer in running if peer.pid}
        goals = targets(cells)
        if options.soak and (own := next((peer for peer in running if peer.name == "llm-gateway"), None)):
            goals.append(soak(own, cores[-1], options.soak))
    if options.json:
        print(json.dumps(_data(cells, memory, goals, absent), indent=2))
        return
    print(*table(running, cells, memory), sep="\n")
    for name, why in absent.items():
        print(f"{name:<13}absent: {why}")
    for goal in goals:
        sign = ">=" if goal.least else "<="
        print(f"{'met' if goal.met else 'MISSED':<8}{goal.value:>8.2f} {sign} {goal.bound:<6g} {goal.name}")


def _data(
    cells: dict[Key, Cell], memory: dict[str, float], goals: list[Target], absent: dict[str, str]
) -> dict[str, object]:
    measured = [
        {"peer": name, "stream": stream, "concurrency": at_once, **asdict(cell)}
        for (name, stream, at_once), cell in cells.items()
    ]
    return {
        "cells": measured,
        "rss_mib": memory,
        "targets": [{**asdict(goal), "met": goal.met} for goal in goals],
        "absent": absent,
    }


if __name__ == "__main__":
    main()
