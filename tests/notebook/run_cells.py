"""Runs the notebook given on standard input through a kernel with nbclient and prints the outputs of each cell as JSON.

Arguments: the name of the kernel, and the folder in which it runs. Errors of cells are outputs; they do not stop the run."""

import json
import sys

import nbformat
from nbclient import NotebookClient

notebook = nbformat.reads(sys.stdin.read(), as_version=4)
client = NotebookClient(
    notebook,
    kernel_name=sys.argv[1],
    allow_errors=True,
    timeout=120,
    resources={"metadata": {"path": sys.argv[2]}},
)
client.execute()
json.dump([cell.get("outputs", []) for cell in notebook.cells if cell.cell_type == "code"], sys.stdout)
