#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints every run of an experiment of a tracking server as JSON, newest last: by MLflow's REST API and Python's own HTTP,
so that nothing of what is tested reads its own writing.  runs.py URI USER PASSWORD EXPERIMENT"""
import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

uri, user, password, experiment = sys.argv[1:]
word = base64.b64encode(f"{user}:{password}".encode()).decode()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(path, body=None):
    request = urllib.request.Request(uri + path, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Authorization": "Basic " + word, "Content-Type": "application/json"})
    return opener.open(request, timeout=20).read()


def api(path, body=None):
    return json.loads(ask("/api/2.0/mlflow/" + path, body))


def pairs(rows):
    return {row["key"]: row["value"] for row in rows}


try:
    found = api("experiments/get-by-name?experiment_name=" + urllib.parse.quote(experiment))
except urllib.error.HTTPError as e:
    if e.code != 404:
        raise
    print("[]")
    sys.exit()
answer = api("runs/search", {"experiment_ids": [found["experiment"]["experiment_id"]], "max_results": 1000,
                             "order_by": ["attributes.start_time ASC"]})
out = []
for run in answer.get("runs", []):
    info, data = run["info"], run["data"]
    files = {}
    for f in api("artifacts/list?run_id=" + info["run_id"]).get("files", []):
        root = info["artifact_uri"].removeprefix("mlflow-artifacts:/")
        files[f["path"]] = ask("/api/2.0/mlflow-artifacts/artifacts/" + root + "/" + f["path"]).decode()
    out.append({"id": info["run_id"], "name": info["run_name"], "status": info["status"],
                "took_ms": info.get("end_time", 0) - info["start_time"], "metrics": pairs(data.get("metrics", [])),
                "params": pairs(data.get("params", [])), "tags": pairs(data.get("tags", [])), "files": files})
print(json.dumps(out))
