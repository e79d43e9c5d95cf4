"""The same rules in `common-expression-language`, which is cel-rust behind Python: compiled once, in contexts made before.

Reads the rules and the worlds as one line of JSON, then a line "RULE TIMES" for each measurement, and answers with the
nanoseconds of processor time and how often the rule was true.
"""

import importlib.metadata
import json
import sys
import time

import cel

given = json.loads(sys.stdin.readline())
programs = [cel.compile(source) for source in given["rules"]]
contexts = [cel.Context(world) for world in given["worlds"]]
print(importlib.metadata.version("common-expression-language"), flush=True)
for line in sys.stdin:
    rule, times = map(int, line.split())
    execute = programs[rule].execute
    true = 0
    started = time.process_time_ns()
    for _ in range(times):
        for context in contexts:
            if execute(context):
                true += 1
    print(time.process_time_ns() - started, true, flush=True)
