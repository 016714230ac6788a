#!/usr/bin/env python3
"""Two threads beside one on a busy machine: pictures a second of runs that alternate.

usage: busy.py VERIFY MODEL DATA [--imgsz N] [--repeats N] [--busy N,N,...]

While N other processes compute (default: 0, 1, 2 and 4), VERIFY judges DATA with --threads 1 and 2 by turns;
prints the medians and their ratio.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def speed(arguments, threads, folder):
    output = os.path.join(folder, "output")
    subprocess.run([arguments.verify, "--model", arguments.model, "--data", arguments.data, "--imgsz",
                    str(arguments.imgsz), "--threads", str(threads), "--output", output, "--overwrite",
                    "--place", "none"], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(output, "verification_report.json"), encoding="utf-8") as file:
        return json.load(file)["per_rank"][0]["images_per_second"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
    for name in ("verify", "model", "data"):
        parser.add_argument(name)
    parser.add_argument("--imgsz", type=int, default=640)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--busy", default="0,1,2,4")
    arguments = parser.parse_args()
    print("| other processes | 1 thread, img/s | 2 threads, img/s | ratio |\n| --- | --- | --- | --- |")
    for busy in map(int, arguments.busy.split(",")):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
        speeds = {1: [], 2: []}
        try:
            with tempfile.TemporaryDirectory() as folder:
                for _ in range(arguments.repeats):
                    for threads, of_threads in speeds.items():
                        of_threads.append(speed(arguments, threads, folder))
        finally:
            for other in others:
                other.kill()
                other.wait()
        one, two = (statistics.median(speeds[threads]) for threads in (1, 2))
        ratio = statistics.median(b / a for a, b in zip(speeds[1], speeds[2]))
        print(f"| {busy} | {one:.1f} | {two:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
