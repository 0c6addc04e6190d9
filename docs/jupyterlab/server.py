"""The course's JupyterLab: `jupyter lab --config=docs/jupyterlab/server.py`.

A Jupyter server takes no message above 10 MB, and an upload to lesson 07's panel is one
message. The panel itself says what is too large, so the server lets more through.
"""

import os
from pathlib import Path

c = get_config()  # noqa: F821 (given by Jupyter)
c.LabApp.app_settings_dir = str(Path(__file__).parent)
c.ServerApp.tornado_settings = {"websocket_max_message_size": 1_000_000_000}
os.environ["XRAYLAB_UPLOAD_MB"] = "100"  # kernels inherit it; the panel states it
