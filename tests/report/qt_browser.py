# SPDX-License-Identifier: Apache-2.0
"""A Chromium for systems whose own is no package (Ubuntu): one empty page of Qt WebEngine, which browse.py starts
without a screen and drives."""
import sys

from PyQt6.QtCore import QUrl
from PyQt6.QtWebEngineWidgets import QWebEngineView
from PyQt6.QtWidgets import QApplication

application = QApplication(sys.argv)
view = QWebEngineView()
view.resize(1280, 900)
view.load(QUrl("about:blank"))
view.show()
application.exec()
