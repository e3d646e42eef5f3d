-- Version 2: the device's state beside each sample, trials that were measured again, reference
-- timings and the noise of devices. What each column means stands in ../schema.sql.

ALTER TABLE trials ADD COLUMN num_disturbed INTEGER NOT NULL DEFAULT 0 CHECK (num_disturbed >= 0);
ALTER TABLE trials ADD COLUMN unsteady INTEGER NOT NULL DEFAULT 0 CHECK (unsteady IN (0, 1));
ALTER TABLE trials ADD COLUMN held_ns INTEGER NOT NULL DEFAULT 0 CHECK (held_ns >= 0);
ALTER TABLE trials ADD COLUMN superseded_by INTEGER REFERENCES trials (id);
ALTER TABLE samples ADD COLUMN verdict TEXT NOT NULL DEFAULT 'steady'
    CHECK (verdict IN ('steady', 'frequency_moved', 'throttled'));
ALTER TABLE samples ADD COLUMN counted INTEGER NOT NULL DEFAULT 1 CHECK (counted IN (0, 1));
ALTER TABLE samples ADD COLUMN before_cpu_frequency_hz INTEGER CHECK (before_cpu_frequency_hz >= 0);
ALTER TABLE samples ADD COLUMN before_temperature_millicelsius INTEGER;
ALTER TABLE samples ADD COLUMN before_throttled INTEGER CHECK (before_throttled IN (0, 1));
ALTER TABLE samples ADD COLUMN after_cpu_frequency_hz INTEGER CHECK (after_cpu_frequency_hz >= 0);
ALTER TABLE samples ADD COLUMN after_temperature_millicelsius INTEGER;
ALTER TABLE samples ADD COLUMN after_throttled INTEGER CHECK (after_throttled IN (0, 1));

CREATE TABLE reference_timings (
  id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL REFERENCES devices (id),
  target_id INTEGER NOT NULL REFERENCES targets (id),
  task_id INTEGER NOT NULL REFERENCES tasks (id),
  min_ns REAL NOT NULL CHECK (min_ns > 0),
  median_ns REAL NOT NULL CHECK (median_ns > 0),
  mad_ns REAL NOT NULL CHECK (mad_ns >= 0),
  drift REAL NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('first', 'steady', 'drifted', 'settled')),
  cpu_frequency_hz INTEGER CHECK (cpu_frequency_hz >= 0),
  temperature_millicelsius INTEGER,
  throttled INTEGER CHECK (throttled IN (0, 1)),
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0)
) STRICT;

CREATE INDEX reference_timings_by_device ON reference_timings (device_id, target_id, created_at_ns);

DROP VIEW device_activity;
DROP VIEW failures_by_cause;
DROP VIEW best_by_workload;
DROP VIEW trial_details;

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
  trials.created_at_ns,
  trials.num_disturbed,
  trials.unsteady,
  trials.held_ns,
  trials.superseded_by
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
    AND trials.superseded_by IS NULL
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
WHERE outcome <> 'ok' AND superseded_by IS NULL
GROUP BY workload, target, target_name, outcome, phase, error, device
ORDER BY workload, target, num_trials DESC;

CREATE VIEW device_activity AS
SELECT
  devices.name AS device,
  devices.model,
  devices.emulated,
  COUNT(trials.id) FILTER (WHERE trials.superseded_by IS NULL) AS num_trials,
  COUNT(trials.id) FILTER (WHERE trials.outcome = 'ok' AND trials.superseded_by IS NULL) AS num_ok,
  COUNT(trials.id) FILTER (WHERE trials.outcome NOT IN ('ok', 'device_lost')
                           AND trials.superseded_by IS NULL) AS num_failed,
  COUNT(trials.id) FILTER (WHERE trials.outcome = 'device_lost') AS num_device_lost,
  COALESCE(SUM(trials.run_wall_ns), 0) AS busy_ns,
  COUNT(trials.id) FILTER (WHERE trials.before_throttled OR trials.after_throttled)
    AS num_throttled,
  MAX(trials.after_temperature_millicelsius) AS max_temperature_millicelsius,
  MIN(trials.created_at_ns) AS first_trial_at_ns,
  MAX(trials.created_at_ns) AS last_trial_at_ns,
  COUNT(trials.superseded_by) AS num_superseded,
  COUNT(trials.id) FILTER (WHERE trials.num_disturbed > 0) AS num_disturbed,
  COALESCE(SUM(trials.held_ns), 0) AS held_ns
FROM devices
LEFT JOIN trials ON trials.device_id = devices.id
GROUP BY devices.id;

CREATE VIEW device_noise AS
WITH
ranked AS (
  SELECT device_id, target_id, min_ns,
    ROW_NUMBER() OVER (PARTITION BY device_id, target_id ORDER BY min_ns) AS place,
    COUNT(*) OVER (PARTITION BY device_id, target_id) AS num
  FROM reference_timings
),
medians AS (
  SELECT device_id, target_id, num, AVG(min_ns) AS middle_ns
  FROM ranked WHERE place IN ((num + 1) / 2, (num + 2) / 2) GROUP BY device_id, target_id
),
deviations AS (
  SELECT device_id, target_id, ABS(min_ns - middle_ns) AS deviation_ns,
    ROW_NUMBER() OVER (PARTITION BY device_id, target_id
                       ORDER BY ABS(min_ns - middle_ns)) AS place
  FROM reference_timings JOIN medians USING (device_id, target_id)
)
SELECT
  devices.name AS device,
  targets.text AS target,
  medians.num AS num_timings,
  middle_ns AS median_ns,
  AVG(deviation_ns) AS mad_ns,
  AVG(deviation_ns) / middle_ns AS noise,
  (SELECT COUNT(*) FROM reference_timings AS timings
   WHERE timings.device_id = medians.device_id AND timings.target_id = medians.target_id
     AND timings.verdict = 'drifted') AS num_drifted,
  (SELECT MAX(created_at_ns) FROM reference_timings AS timings
   WHERE timings.device_id = medians.device_id AND timings.target_id = medians.target_id)
    AS last_at_ns
FROM medians
JOIN deviations USING (device_id, target_id)
JOIN devices ON devices.id = medians.device_id
JOIN targets ON targets.id = medians.target_id
WHERE deviations.place IN ((num + 1) / 2, (num + 2) / 2)
GROUP BY medians.device_id, medians.target_id;
