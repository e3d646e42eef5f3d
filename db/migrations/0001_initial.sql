-- Version 1: the first schema. Frozen: later changes are migrations of their own.
-- What each column means stands in ../schema.sql.

PRAGMA application_id = 1413893191;

CREATE TABLE targets (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
) STRICT;

CREATE TABLE devices (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE CHECK (name <> ''),
  model TEXT NOT NULL DEFAULT '',
  triple TEXT NOT NULL DEFAULT '',
  cpu TEXT NOT NULL DEFAULT '',
  num_cores INTEGER NOT NULL DEFAULT 0 CHECK (num_cores >= 0),
  memory_bytes INTEGER NOT NULL DEFAULT 0 CHECK (memory_bytes >= 0),
  emulated INTEGER NOT NULL DEFAULT 0 CHECK (emulated IN (0, 1)),
  agent_version TEXT NOT NULL DEFAULT '',
  first_seen_at_ns INTEGER NOT NULL CHECK (first_seen_at_ns >= 0),
  described_at_ns INTEGER NOT NULL CHECK (described_at_ns >= 0)
) STRICT;

CREATE TABLE workloads (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK (key <> ''),
  num_flops INTEGER NOT NULL CHECK (num_flops >= 0)
) STRICT;

CREATE TABLE spaces (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
  template TEXT NOT NULL,
  num_configs INTEGER NOT NULL CHECK (num_configs >= 0),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE toolchains (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE CHECK (text <> '')
) STRICT;

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  target_id INTEGER NOT NULL REFERENCES targets (id),
  space_id INTEGER NOT NULL REFERENCES spaces (id),
  toolchain_id INTEGER NOT NULL REFERENCES toolchains (id),
  seed INTEGER NOT NULL,
  strategy TEXT NOT NULL,
  max_trials INTEGER NOT NULL CHECK (max_trials >= 1),
  max_seconds REAL NOT NULL CHECK (max_seconds >= 0),
  owner TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
  ended_how TEXT NOT NULL,
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0),
  started_at_ns INTEGER CHECK (started_at_ns >= 0),
  ended_at_ns INTEGER CHECK (ended_at_ns >= 0),
  UNIQUE (id, workload_id, target_id),
  CHECK ((ended_at_ns IS NOT NULL) = (state IN ('done', 'cancelled', 'failed')))
) STRICT;

CREATE TABLE kernels (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL CHECK (digest <> ''),
  toolchain_id INTEGER NOT NULL REFERENCES toolchains (id),
  text_hash TEXT NOT NULL,
  num_bytes INTEGER NOT NULL CHECK (num_bytes >= 0),
  UNIQUE (digest, toolchain_id)
) STRICT;

CREATE TABLE trials (
  id INTEGER PRIMARY KEY,
  trial_key TEXT NOT NULL UNIQUE CHECK (trial_key <> ''),
  task_id INTEGER NOT NULL,
  workload_id INTEGER NOT NULL,
  target_id INTEGER NOT NULL,
  config TEXT NOT NULL,
  config_index INTEGER NOT NULL CHECK (config_index >= 0),
  proposed_by TEXT NOT NULL
    CHECK (proposed_by IN ('default', 'analytic', 'model', 'random', 'grid', 'transfer', 'final')),
  predicted_score REAL,
  kernel_id INTEGER REFERENCES kernels (id),
  device_id INTEGER REFERENCES devices (id),
  emulated INTEGER NOT NULL CHECK (emulated IN (0, 1)),
  outcome TEXT NOT NULL
    CHECK (outcome IN ('ok', 'illegal_schedule', 'build_failed', 'wrong_result', 'timeout',
                       'crashed', 'out_of_memory', 'device_lost')),
  phase TEXT NOT NULL,
  error TEXT NOT NULL,
  num_samples INTEGER NOT NULL CHECK (num_samples >= 0),
  cost_median_ns REAL CHECK (cost_median_ns > 0),
  mad_ns REAL CHECK (mad_ns >= 0),
  min_ns REAL CHECK (min_ns > 0),
  num_final_samples INTEGER NOT NULL DEFAULT 0 CHECK (num_final_samples >= 0),
  final_median_ns REAL CHECK (final_median_ns > 0),
  final_mad_ns REAL CHECK (final_mad_ns >= 0),
  final_min_ns REAL CHECK (final_min_ns > 0),
  cost_ns REAL GENERATED ALWAYS AS (COALESCE(final_median_ns, cost_median_ns)) VIRTUAL,
  gflops REAL CHECK (gflops >= 0),
  runs_per_sample INTEGER NOT NULL CHECK (runs_per_sample >= 0),
  cut INTEGER NOT NULL CHECK (cut IN (0, 1)),
  build_ns INTEGER NOT NULL CHECK (build_ns >= 0),
  run_wall_ns INTEGER NOT NULL CHECK (run_wall_ns >= 0),
  before_cpu_frequency_hz INTEGER CHECK (before_cpu_frequency_hz >= 0),
  before_temperature_millicelsius INTEGER,
  before_throttled INTEGER CHECK (before_throttled IN (0, 1)),
  before_load_average REAL,
  after_cpu_frequency_hz INTEGER CHECK (after_cpu_frequency_hz >= 0),
  after_temperature_millicelsius INTEGER,
  after_throttled INTEGER CHECK (after_throttled IN (0, 1)),
  after_load_average REAL,
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0),
  FOREIGN KEY (task_id, workload_id, target_id) REFERENCES tasks (id, workload_id, target_id),
  CHECK ((outcome = 'ok') = (cost_median_ns IS NOT NULL)),
  CHECK ((outcome = 'ok') = (num_samples > 0)),
  CHECK (outcome <> 'ok' OR (device_id IS NOT NULL AND kernel_id IS NOT NULL)),
  CHECK (outcome = 'ok' OR final_median_ns IS NULL),
  CHECK ((num_final_samples > 0) = (final_median_ns IS NOT NULL))
) STRICT;

CREATE INDEX trials_by_config ON trials (task_id, config_index);

CREATE INDEX trials_by_cost ON trials (workload_id, target_id, emulated, cost_ns)
  WHERE outcome = 'ok';

CREATE INDEX trials_by_device ON trials (device_id, created_at_ns);

CREATE INDEX trials_in_final ON trials (task_id, emulated) WHERE final_median_ns IS NOT NULL;

CREATE INDEX tasks_by_state ON tasks (state);

CREATE TABLE samples (
  trial_id INTEGER NOT NULL REFERENCES trials (id),
  round INTEGER NOT NULL CHECK (round >= 0),
  sequence INTEGER NOT NULL CHECK (sequence >= 0),
  value_ns REAL NOT NULL CHECK (value_ns > 0),
  PRIMARY KEY (trial_id, round, sequence)
) STRICT, WITHOUT ROWID;

CREATE VIEW trial_details AS
SELECT
  trials.id AS trial_id,
  trials.trial_key,
  trials.task_id,
  workloads.key AS workload,
  workloads.num_flops,
  targets.text AS target,
  targets.name AS target_name,
  spaces.hash AS space_hash,
  spaces.template,
  trials.config,
  trials.config_index,
  trials.proposed_by,
  trials.predicted_score,
  kernels.digest AS kernel_digest,
  kernels.text_hash AS kernel_text_hash,
  kernels.num_bytes AS kernel_num_bytes,
  toolchains.text AS toolchain,
  devices.name AS device,
  trials.emulated,
  trials.outcome,
  trials.phase,
  trials.error,
  trials.num_samples,
  trials.cost_median_ns,
  trials.mad_ns,
  trials.min_ns,
  trials.num_final_samples,
  trials.final_median_ns,
  trials.final_mad_ns,
  trials.final_min_ns,
  trials.cost_ns,
  trials.gflops,
  trials.runs_per_sample,
  trials.cut,
  trials.build_ns,
  trials.run_wall_ns,
  trials.before_cpu_frequency_hz,
  trials.before_temperature_millicelsius,
  trials.before_throttled,
  trials.before_load_average,
  trials.after_cpu_frequency_hz,
  trials.after_temperature_millicelsius,
  trials.after_throttled,
  trials.after_load_average,
  trials.created_at_ns
FROM trials
JOIN tasks ON tasks.id = trials.task_id
JOIN workloads ON workloads.id = trials.workload_id
JOIN targets ON targets.id = trials.target_id
JOIN spaces ON spaces.id = tasks.space_id
LEFT JOIN kernels ON kernels.id = trials.kernel_id
LEFT JOIN toolchains ON toolchains.id = kernels.toolchain_id
LEFT JOIN devices ON devices.id = trials.device_id;

CREATE VIEW best_by_workload AS
SELECT
  workloads.key AS workload, targets.text AS target, targets.name AS target_name, kinds.emulated,
  trial_id, config,
  cost_ns AS cost_median_ns,
  COALESCE(final_mad_ns, mad_ns) AS mad_ns,
  COALESCE(final_min_ns, min_ns) AS min_ns,
  CASE WHEN final_median_ns IS NULL THEN num_samples ELSE num_final_samples END AS num_samples,
  final_median_ns IS NOT NULL AS from_final, gflops, device, config_index, space_hash, template,
  kernel_digest, kernel_text_hash, kernel_num_bytes, toolchain, task_id
FROM workloads
CROSS JOIN targets
CROSS JOIN (SELECT 0 AS emulated UNION ALL SELECT 1) AS kinds
CROSS JOIN trial_details AS details ON details.trial_id = (
  SELECT trials.id FROM trials
  WHERE trials.workload_id = workloads.id
    AND trials.target_id = targets.id
    AND trials.emulated = kinds.emulated
    AND trials.outcome = 'ok'
    AND (trials.final_median_ns IS NOT NULL
         OR NOT EXISTS (SELECT 1 FROM trials AS finalists
                        WHERE finalists.task_id = trials.task_id
                          AND finalists.emulated = trials.emulated
                          AND finalists.final_median_ns IS NOT NULL))
  ORDER BY trials.cost_ns, trials.id
  LIMIT 1);

CREATE VIEW failures_by_cause AS
SELECT
  workload, target, target_name, outcome, phase, error, device,
  COUNT(*) AS num_trials,
  MAX(trial_id) AS last_trial_id,
  MIN(created_at_ns) AS first_at_ns,
  MAX(created_at_ns) AS last_at_ns
FROM trial_details
WHERE outcome <> 'ok'
GROUP BY workload, target, target_name, outcome, phase, error, device
ORDER BY workload, target, num_trials DESC;

CREATE VIEW device_activity AS
SELECT
  devices.name AS device,
  devices.model,
  devices.emulated,
  COUNT(trials.id) AS num_trials,
  COUNT(trials.id) FILTER (WHERE trials.outcome = 'ok') AS num_ok,
  COUNT(trials.id) FILTER (WHERE trials.outcome NOT IN ('ok', 'device_lost')) AS num_failed,
  COUNT(trials.id) FILTER (WHERE trials.outcome = 'device_lost') AS num_device_lost,
  COALESCE(SUM(trials.run_wall_ns), 0) AS busy_ns,
  COUNT(trials.id) FILTER (WHERE trials.before_throttled OR trials.after_throttled)
    AS num_throttled,
  MAX(trials.after_temperature_millicelsius) AS max_temperature_millicelsius,
  MIN(trials.created_at_ns) AS first_trial_at_ns,
  MAX(trials.created_at_ns) AS last_trial_at_ns
FROM devices
LEFT JOIN trials ON trials.device_id = devices.id
GROUP BY devices.id;
