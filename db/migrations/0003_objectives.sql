-- Version 3: what a cost of an emulated board stands for, and the board's own facts beside each
-- trial. What each column means stands in ../schema.sql.

ALTER TABLE tasks ADD COLUMN objective TEXT NOT NULL DEFAULT 'instructions'
    CHECK (objective IN ('instructions', 'estimated_cycles'));
ALTER TABLE trials ADD COLUMN cost_unit TEXT NOT NULL DEFAULT 'ns'
    CHECK (cost_unit IN ('ns', 'instructions', 'estimated_cycles'));
ALTER TABLE trials ADD COLUMN ns_per_cost_unit REAL NOT NULL DEFAULT 1
    CHECK (ns_per_cost_unit > 0);
ALTER TABLE trials ADD COLUMN tick_hz INTEGER CHECK (tick_hz > 0);
ALTER TABLE trials ADD COLUMN median_instructions REAL CHECK (median_instructions > 0);
ALTER TABLE trials ADD COLUMN cycles_per_instruction REAL CHECK (cycles_per_instruction > 0);

DROP INDEX trials_by_cost;
CREATE INDEX trials_by_cost ON trials (workload_id, target_id, emulated, cost_unit, cost_ns)
  WHERE outcome = 'ok';

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
  trials.superseded_by,
  trials.cost_unit,
  trials.ns_per_cost_unit,
  trials.tick_hz,
  trials.median_instructions,
  trials.cycles_per_instruction
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
  kernel_digest, kernel_text_hash, kernel_num_bytes, toolchain, task_id, kinds.cost_unit,
  ns_per_cost_unit
FROM workloads
CROSS JOIN targets
CROSS JOIN (SELECT 0 AS emulated, 'ns' AS cost_unit UNION ALL SELECT 1, 'ns'
            UNION ALL SELECT 1, 'instructions' UNION ALL SELECT 1, 'estimated_cycles') AS kinds
CROSS JOIN trial_details AS details ON details.trial_id = (
  SELECT trials.id FROM trials
  WHERE trials.workload_id = workloads.id
    AND trials.target_id = targets.id
    AND trials.emulated = kinds.emulated
    AND trials.cost_unit = kinds.cost_unit
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
