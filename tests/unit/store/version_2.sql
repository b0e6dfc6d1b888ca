-- A store as version 2 wrote it, with two measurements and a verdict.
CREATE TABLE measurements (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  task TEXT NOT NULL, level INTEGER NOT NULL, signature TEXT NOT NULL, init TEXT NOT NULL,
  implementation TEXT NOT NULL, hash TEXT NOT NULL, version TEXT NOT NULL, revision TEXT NOT NULL,
  baseline TEXT NOT NULL, baseline_hash TEXT NOT NULL,
  case_id TEXT NOT NULL, bucket TEXT NOT NULL, dtype TEXT NOT NULL,
  device TEXT NOT NULL, driver TEXT NOT NULL, clocks TEXT NOT NULL, l2_state TEXT NOT NULL,
  code TEXT NOT NULL, text TEXT NOT NULL, seconds REAL NOT NULL, baseline_seconds REAL NOT NULL,
  ratio REAL NOT NULL, ratio_low REAL NOT NULL, ratio_high REAL NOT NULL,
  samples TEXT NOT NULL, seeds TEXT NOT NULL, harness TEXT NOT NULL,
  retained_bytes INTEGER NOT NULL DEFAULT 0);
CREATE TABLE verdicts (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  task TEXT NOT NULL, level INTEGER NOT NULL, signature TEXT NOT NULL,
  implementation TEXT NOT NULL, hash TEXT NOT NULL, version TEXT NOT NULL, revision TEXT NOT NULL,
  case_set TEXT NOT NULL, device TEXT NOT NULL, driver TEXT NOT NULL,
  passed INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, case_id TEXT NOT NULL,
  tensor TEXT NOT NULL, bad_index INTEGER NOT NULL, expected REAL NOT NULL, found REAL NOT NULL,
  error REAL NOT NULL, bound REAL NOT NULL, coverage REAL NOT NULL,
  record TEXT NOT NULL, seeds TEXT NOT NULL, harness TEXT NOT NULL);
CREATE TABLE plans (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  config TEXT NOT NULL, policy TEXT NOT NULL, device TEXT NOT NULL, driver TEXT NOT NULL,
  plan_hash TEXT NOT NULL, plan TEXT NOT NULL, reasons TEXT NOT NULL, harness TEXT NOT NULL);
CREATE TABLE runs (
  seq INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, time TEXT NOT NULL,
  command TEXT NOT NULL, config TEXT NOT NULL, plan_hash TEXT NOT NULL,
  device TEXT NOT NULL, driver TEXT NOT NULL, record TEXT NOT NULL, harness TEXT NOT NULL);
CREATE INDEX measurements_by_task ON measurements (task, implementation, hash);
CREATE INDEX verdicts_by_hash ON verdicts (hash, task, implementation);
CREATE INDEX plans_by_hash ON plans (plan_hash);
INSERT INTO measurements VALUES
  (1, '11111111-0000-4000-8000-000000000001', '2026-11-01T00:00:00.000Z', 'rms_norm', 1, 's', '{}',
   'mine/fast', 'aa', '1.0.0', '', 'cpu/cpu', 'bb', 'llama', '', 'float32', 'a CPU', '', '{}',
   'cold', 'FAST', '', 1.5e-6, 3e-6, 2, 1.9, 2.1, '[]', '[7]', '', 4096),
  (2, '11111111-0000-4000-8000-000000000002', '2026-11-01T00:00:01.000Z', 'rms_norm', 1, 's', '{}',
   'mine/slow', 'aa', '1.0.0', '', 'cpu/cpu', 'bb', 'llama', '', 'float32', 'a CPU', '', '{}',
   'cold', 'SLOW', '', 6e-6, 3e-6, 0.5, 0.4, 0.6, '[]', '[8]', '', 0);
INSERT INTO verdicts VALUES
  (1, '22222222-0000-4000-8000-000000000001', '2026-11-01T00:00:00.000Z', 'rms_norm', 1, 's',
   'mine/fast', 'aa', '1.0.0', '', 'cc', 'a CPU', '', 1, 'pass', '', '', '', 0, 0, 0, 0, 0, 1,
   '{}', '[7]', '');
PRAGMA application_id = 1179341361;
PRAGMA user_version = 2;
