# Least recently used: which page goes?
# A line on standard input is a question, a line on standard output an answer. Change decide(), and whatever it needs.
import json
import sys

memory = {}


def begin(problem):
    """A new problem: forget what was."""
    memory.clear()

def decide(question):
    """The page to put out. question: page, hit, pages (in the order in which they came)."""
    return question["pages"][0] if question["pages"] else -1

for line in sys.stdin:
    message = json.loads(line)
    if "problem" in message:
        begin(message)
        continue
    answer = decide(message)
    if message["ask"]:
        print(json.dumps({"evict": answer}), flush=True)
