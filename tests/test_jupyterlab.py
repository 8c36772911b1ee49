"""A notebook in a real JupyterLab, in a real browser: drawing, plot and player work."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("jupyterlab")
pytest.importorskip("anywidget")

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
APP = "window.jupyterapp"
NOTEBOOK = f"{APP}.shell.currentWidget"
PLOT = "import matplotlib.pyplot as plt\n\nplt.plot([1, 4, 9])\nplt.show()"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def jupyterlab(tmp_path):
    """Yield the address of a JupyterLab of its own, whose files lie in a new folder."""
    work = tmp_path / "work"
    work.mkdir()
    address = f"http://127.0.0.1:{free_port()}"
    places = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "run"}
    own = {f"JUPYTER_{name}": str(tmp_path / folder) for name, folder in places.items()}
    own["JUPYTERLAB_SETTINGS_DIR"] = str(tmp_path / "settings")
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(tmp_path / "workspaces")
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--port={address.rpartition(':')[2]}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--expose-app-in-browser"),
        f"--ServerApp.root_dir={work}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=",
    ]
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(f"{address}/api", server)
        yield address, work
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(address, server, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("JupyterLab did not start")


def test_a_notebook_runs_and_shows_drawing_plot_and_player(jupyterlab, browsing):
    address, work = jupyterlab
    path = shutil.copy(NOTEBOOKS / "02_graphs.ipynb", work)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:  # what is found below is made now
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.append(nbformat.v4.new_code_cell(PLOT))
    nbformat.write(notebook, path)
    page = browsing.page
    page.set_default_timeout(60_000)
    page.goto(f"{address}/lab/tree/02_graphs.ipynb")
    page.wait_for_function(f"{APP}?.shell?.currentWidget?.context?.isReady")
    kernel = f"{NOTEBOOK}.sessionContext?.session?.kernel?.status"
    page.wait_for_function(f"{kernel} === 'idle'")
    page.evaluate(f"{APP}.commands.execute('notebook:run-all-cells')")
    cells = f"[...{NOTEBOOK}.content.model.cells].filter((c) => c.type === 'code')"
    page.wait_for_function(f"{cells}.every((c) => c.executionCount)")
    outputs = page.evaluate(
        f"{cells}.flatMap((c) => c.outputs.toJSON().map((o) => o.output_type))"
    )
    assert "error" not in outputs
    assert page.locator(".autograd-drawing svg").count() >= 3
    assert page.locator("img[src^='data:image/png']").count() >= 1
    player = page.locator(".autograd-player")
    player.locator("button.main").scroll_into_view_if_needed()
    assert player.locator(".count").inner_text() == "Leaves, 0 of 11"
    player.locator("button", has_text="Step").click()
    assert player.locator(".count").inner_text() == "Forward, 1 of 11"
    assert "data -6" in player.locator(".box.now").text_content()
