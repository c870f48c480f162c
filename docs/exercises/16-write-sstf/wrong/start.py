# Shortest seek time first: which request is next?
# A line on standard input is a question, a line on standard output an answer. Change decide(), and whatever it needs.
import json
import sys

memory = {}


def begin(problem):
    """A new problem: forget what was."""
    memory.clear()

def decide(question):
    """The cylinder to go to. question: head, waiting."""
    memory.setdefault("head", question["head"])
    return min(question["waiting"], key=lambda at: abs(at - memory["head"]))

for line in sys.stdin:
    message = json.loads(line)
    if "problem" in message:
        begin(message)
        continue
    answer = decide(message)
    if message["ask"]:
        print(json.dumps({"next": answer}), flush=True)
