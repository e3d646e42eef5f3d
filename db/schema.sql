-- The tuning log: every measurement Tunefarm ever made, and what is needed to make it again.
--
-- This file is the current schema. A fresh log is made from it; an older log is brought to it by
-- migrations/, and a test proves that both ways end in the same schema. The words are those of
-- docs/design.md, section 1. Conventions:
--   * the end of a name is its unit: _ns _hz _bytes _millicelsius _seconds; counts begin with num_;
--   * times of day end in _at_ns: nanoseconds since 1970-01-01 00:00 UTC;
--   * rows of the log are added, never rewritten, except: the state of a task, the final-round
--     figures of a trial and what superseded it, the description of a device, the label of a
--     target;
--   * NULL means "does not apply" or "nobody told", never zero.
-- Every column carries a comment: its meaning and, where it has one, its unit.

PRAGMA application_id = 1413893191;  -- 0x54464C47, "TFLG": tells a tuning log from other databases.
PRAGMA user_version = 3;             -- The schema's version: the number of the last migration.

-- What code is generated for.
CREATE TABLE targets (
  -- Local number of the target in this log.
  id INTEGER PRIMARY KEY,
  -- The whole target as canonical text (triple, cpu, features, ...): its identity.
  text TEXT NOT NULL UNIQUE,
  -- Label for people, as last used; not unique, e.g. native.
  name TEXT NOT NULL
) STRICT;

-- The machines that measured.
CREATE TABLE devices (
  -- Local number of the device in this log.
  id INTEGER PRIMARY KEY,
  -- The agent's --name, unique in the farm.
  name TEXT NOT NULL UNIQUE CHECK (name <> ''),
  -- As the OS names machine or CPU; '' where nobody told.
  model TEXT NOT NULL DEFAULT '',
  -- LLVM triple of the machine; '' where nobody told.
  triple TEXT NOT NULL DEFAULT '',
  -- LLVM cpu name, e.g. znver4; '' where nobody told.
  cpu TEXT NOT NULL DEFAULT '',
  -- Cores the agent may use; 0 where nobody told.
  num_cores INTEGER NOT NULL DEFAULT 0 CHECK (num_cores >= 0),
  -- Main memory, bytes; 0 where nobody told.
  memory_bytes INTEGER NOT NULL DEFAULT 0 CHECK (memory_bytes >= 0),
  -- 1: an emulator, whose timings never compete with hardware's.
  emulated INTEGER NOT NULL DEFAULT 0 CHECK (emulated IN (0, 1)),
  -- Version of the agent that speaks for it; '' where nobody told.
  agent_version TEXT NOT NULL DEFAULT '',
  -- When this log first heard of it, ns since 1970 UTC.
  first_seen_at_ns INTEGER NOT NULL CHECK (first_seen_at_ns >= 0),
  -- When the description was last written, ns since 1970 UTC.
  described_at_ns INTEGER NOT NULL CHECK (described_at_ns >= 0)
) STRICT;

-- Operators with every shape, stride and dtype fixed.
CREATE TABLE workloads (
  -- Local number of the workload in this log.
  id INTEGER PRIMARY KEY,
  -- The canonical workload key: its identity.
  key TEXT NOT NULL UNIQUE CHECK (key <> ''),
  -- Operations of one run: 2 x multiply-accumulates; 0 where it has none.
  num_flops INTEGER NOT NULL CHECK (num_flops >= 0)
) STRICT;

-- What was searched: the product of a template's knobs for one workload and target.
CREATE TABLE spaces (
  -- Local number of the space in this log.
  id INTEGER PRIMARY KEY,
  -- Content hash of template, version, knobs and constraints: its identity.
  hash TEXT NOT NULL UNIQUE CHECK (hash <> ''),
  -- Name of the template, e.g. conv2d_nhwc_x86.
  template TEXT NOT NULL,
  -- Points of the space, before constraints that only a build can check.
  num_configs INTEGER NOT NULL CHECK (num_configs >= 0),
  -- The knobs and their values, for people and for old logs.
  text TEXT NOT NULL
) STRICT;

-- What the kernels were built with: the compiler's version and all that changes its output.
CREATE TABLE toolchains (
  -- Local number of the toolchain in this log.
  id INTEGER PRIMARY KEY,
  -- Canonical text, e.g. "tunefarm 0.1.0 llvm 19.1.7": its identity.
  text TEXT NOT NULL UNIQUE CHECK (text <> '')
) STRICT;

-- One workload on one target to be tuned, with its budget.
CREATE TABLE tasks (
  -- Number of the task, shown to people.
  id INTEGER PRIMARY KEY,
  -- What is tuned.
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  -- What it is tuned for.
  target_id INTEGER NOT NULL REFERENCES targets (id),
  -- Where is searched; config_index of its trials counts here.
  space_id INTEGER NOT NULL REFERENCES spaces (id),
  -- What the task was created with.
  toolchain_id INTEGER NOT NULL REFERENCES toolchains (id),
  -- Seed of all its randomness: 64 bits, read as a signed number.
  seed INTEGER NOT NULL,
  -- Search strategy: xgb, random, grid.
  strategy TEXT NOT NULL,
  -- Budget: trials, device_lost not counted.
  max_trials INTEGER NOT NULL CHECK (max_trials >= 1),
  -- Budget: wall-clock seconds; 0: no limit.
  max_seconds REAL NOT NULL CHECK (max_seconds >= 0),
  -- Who asked, for people: user@host.
  owner TEXT NOT NULL,
  -- Where it stands; the last three are its ends.
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'cancelled', 'failed')),
  -- One line on how it ended, or on why it failed; '' until then.
  ended_how TEXT NOT NULL,
  -- When it was asked for, ns since 1970 UTC.
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0),
  -- When it first ran, ns since 1970 UTC; NULL until then.
  started_at_ns INTEGER CHECK (started_at_ns >= 0),
  -- When it ended, ns since 1970 UTC; NULL until then.
  ended_at_ns INTEGER CHECK (ended_at_ns >= 0),
  -- What is made small on an emulated board; elsewhere it is time.
  objective TEXT NOT NULL DEFAULT 'instructions'
    CHECK (objective IN ('instructions', 'estimated_cycles')),
  UNIQUE (id, workload_id, target_id),
  CHECK ((ended_at_ns IS NOT NULL) = (state IN ('done', 'cancelled', 'failed')))
) STRICT;

-- The compiled kernels, by their hashes; the bytes are rebuilt from space, config and toolchain.
CREATE TABLE kernels (
  -- Local number of the kernel in this log.
  id INTEGER PRIMARY KEY,
  -- SHA-256 of the artifact's ELF bytes, hexadecimal.
  digest TEXT NOT NULL CHECK (digest <> ''),
  -- What it was built with.
  toolchain_id INTEGER NOT NULL REFERENCES toolchains (id),
  -- SHA-256 of its .text section alone, hexadecimal; '' if unknown.
  text_hash TEXT NOT NULL,
  -- Size of the artifact, bytes.
  num_bytes INTEGER NOT NULL CHECK (num_bytes >= 0),
  UNIQUE (digest, toolchain_id)
) STRICT;

-- Candidates that were tried, and what came of each. A failure is an outcome, never a cost.
CREATE TABLE trials (
  -- Number of the trial, shown to people.
  id INTEGER PRIMARY KEY,
  -- The writer's own name of the trial: stops double counting.
  trial_key TEXT NOT NULL UNIQUE CHECK (trial_key <> ''),
  -- The task it was tried for; it names space and seed.
  task_id INTEGER NOT NULL,
  -- The task's workload, kept here for the index.
  workload_id INTEGER NOT NULL,
  -- The task's target, kept here for the index.
  target_id INTEGER NOT NULL,
  -- The named knobs: name=value,name=value.
  config TEXT NOT NULL,
  -- Its index in the task's space.
  config_index INTEGER NOT NULL CHECK (config_index >= 0),
  -- What proposed it.
  proposed_by TEXT NOT NULL
    CHECK (proposed_by IN ('default', 'analytic', 'model', 'random', 'grid', 'transfer', 'final')),
  -- What the cost model gave it, no unit, higher is faster; NULL: not scored.
  predicted_score REAL,
  -- What was built; NULL: nothing was.
  kernel_id INTEGER REFERENCES kernels (id),
  -- Where it ran; NULL: it reached no device.
  device_id INTEGER REFERENCES devices (id),
  -- 1: an emulator's timing, which never competes with hardware's.
  emulated INTEGER NOT NULL CHECK (emulated IN (0, 1)),
  -- How it ended.
  outcome TEXT NOT NULL
    CHECK (outcome IN ('ok', 'illegal_schedule', 'build_failed', 'wrong_result', 'timeout',
                       'crashed', 'out_of_memory', 'device_lost')),
  -- Where it ended: lower, build, load, prepare, verify, time; '' when ok.
  phase TEXT NOT NULL,
  -- One line: what was tried, value met, bound, place; '' when ok.
  error TEXT NOT NULL,
  -- Samples of the search round.
  num_samples INTEGER NOT NULL CHECK (num_samples >= 0),
  -- Median of the search round's samples, ns per run; NULL unless ok.
  cost_median_ns REAL CHECK (cost_median_ns > 0),
  -- Median absolute deviation of the same, unscaled, ns; NULL unless ok.
  mad_ns REAL CHECK (mad_ns >= 0),
  -- Least of the same, ns per run; NULL unless ok.
  min_ns REAL CHECK (min_ns > 0),
  -- Samples of all interleaved final rounds together.
  num_final_samples INTEGER NOT NULL DEFAULT 0 CHECK (num_final_samples >= 0),
  -- Median of the final rounds' samples, ns per run; NULL: not in a final.
  final_median_ns REAL CHECK (final_median_ns > 0),
  -- Median absolute deviation of the same, unscaled, ns; NULL: not in a final.
  final_mad_ns REAL CHECK (final_mad_ns >= 0),
  -- Least of the same, ns per run; NULL: not in a final.
  final_min_ns REAL CHECK (final_min_ns > 0),
  -- What ranks the trial, ns per run: final_median_ns, else cost_median_ns.
  cost_ns REAL GENERATED ALWAYS AS (COALESCE(final_median_ns, cost_median_ns)) VIRTUAL,
  -- The workload's num_flops / cost_ns, GFLOP/s; NULL unless ok.
  gflops REAL CHECK (gflops >= 0),
  -- Runs averaged into one sample of the search round; 0: not timed.
  runs_per_sample INTEGER NOT NULL CHECK (runs_per_sample >= 0),
  -- 1: sampling was cut short because the candidate was slow.
  cut INTEGER NOT NULL CHECK (cut IN (0, 1)),
  -- Time to lower and build it on the host, ns; 0: not built.
  build_ns INTEGER NOT NULL CHECK (build_ns >= 0),
  -- Its whole time on the agent, ns; 0: it reached none.
  run_wall_ns INTEGER NOT NULL CHECK (run_wall_ns >= 0),
  -- Clock of the device before it ran, Hz; NULL: nobody told.
  before_cpu_frequency_hz INTEGER CHECK (before_cpu_frequency_hz >= 0),
  -- Temperature before it ran, 1/1000 degree C; NULL: nobody told.
  before_temperature_millicelsius INTEGER,
  -- 1: the device was throttled before it ran; NULL: nobody told.
  before_throttled INTEGER CHECK (before_throttled IN (0, 1)),
  -- Load of the last minute before it ran, runnable threads; NULL: nobody told.
  before_load_average REAL,
  -- Clock of the device after it ran, Hz; NULL: nobody told.
  after_cpu_frequency_hz INTEGER CHECK (after_cpu_frequency_hz >= 0),
  -- Temperature after it ran, 1/1000 degree C; NULL: nobody told.
  after_temperature_millicelsius INTEGER,
  -- 1: the device was throttled after it ran; NULL: nobody told.
  after_throttled INTEGER CHECK (after_throttled IN (0, 1)),
  -- Load of the last minute after it ran, runnable threads; NULL: nobody told.
  after_load_average REAL,
  -- When it was logged, ns since 1970 UTC.
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0),
  -- Samples of the search round that a moving clock or throttling disturbed.
  num_disturbed INTEGER NOT NULL DEFAULT 0 CHECK (num_disturbed >= 0),
  -- 1: no sample was steady; the figures are those of disturbed ones.
  unsteady INTEGER NOT NULL DEFAULT 0 CHECK (unsteady IN (0, 1)),
  -- How long the agent waited for the device to cool before it ran, ns.
  held_ns INTEGER NOT NULL DEFAULT 0 CHECK (held_ns >= 0),
  -- The trial that measured the same again because the device had drifted, and counts in its
  -- place; NULL: none.
  superseded_by INTEGER REFERENCES trials (id),
  -- What a cost stands for: ns: time; instructions, estimated_cycles: an emulator's ns, in which
  -- each of them takes ns_per_cost_unit.
  cost_unit TEXT NOT NULL DEFAULT 'ns'
    CHECK (cost_unit IN ('ns', 'instructions', 'estimated_cycles')),
  -- All costs and samples of the trial divided by this are in cost_unit.
  ns_per_cost_unit REAL NOT NULL DEFAULT 1 CHECK (ns_per_cost_unit > 0),
  -- Clock of the counter on the board that timed it, Hz; NULL: timed by an operating system.
  tick_hz INTEGER CHECK (tick_hz > 0),
  -- Median of one run, where an emulator counts them; NULL: not counted.
  median_instructions REAL CHECK (median_instructions > 0),
  -- Of its hottest code, estimated by LLVM's model of the core; NULL: not estimated.
  cycles_per_instruction REAL CHECK (cycles_per_instruction > 0),
  FOREIGN KEY (task_id, workload_id, target_id) REFERENCES tasks (id, workload_id, target_id),
  CHECK ((outcome = 'ok') = (cost_median_ns IS NOT NULL)),
  CHECK ((outcome = 'ok') = (num_samples > 0)),
  CHECK (outcome <> 'ok' OR (device_id IS NOT NULL AND kernel_id IS NOT NULL)),
  CHECK (outcome = 'ok' OR final_median_ns IS NULL),
  CHECK ((num_final_samples > 0) = (final_median_ns IS NOT NULL))
) STRICT;

CREATE INDEX trials_by_config ON trials (task_id, config_index);
CREATE INDEX trials_by_cost ON trials (workload_id, target_id, emulated, cost_unit, cost_ns)
  WHERE outcome = 'ok';
CREATE INDEX trials_by_device ON trials (device_id, created_at_ns);
CREATE INDEX trials_in_final ON trials (task_id, emulated) WHERE final_median_ns IS NOT NULL;
CREATE INDEX tasks_by_state ON tasks (state);

-- Every single timing; medians can always be taken again from here.
CREATE TABLE samples (
  -- The trial it belongs to.
  trial_id INTEGER NOT NULL REFERENCES trials (id),
  -- 0: the search; 1 and up: the passes of an interleaved final.
  round INTEGER NOT NULL CHECK (round >= 0),
  -- Order of measurement within the round, from 0.
  sequence INTEGER NOT NULL CHECK (sequence >= 0),
  -- Mean time of one run within the sample, ns.
  value_ns REAL NOT NULL CHECK (value_ns > 0),
  -- What the device did meanwhile.
  verdict TEXT NOT NULL DEFAULT 'steady'
    CHECK (verdict IN ('steady', 'frequency_moved', 'throttled')),
  -- 1: part of the trial's figures; 0: discarded, and taken again.
  counted INTEGER NOT NULL DEFAULT 1 CHECK (counted IN (0, 1)),
  -- Clock of the core right before it, Hz; NULL: nobody told.
  before_cpu_frequency_hz INTEGER CHECK (before_cpu_frequency_hz >= 0),
  -- Temperature right before it, 1/1000 degree C; NULL: nobody told.
  before_temperature_millicelsius INTEGER,
  -- 1: the device was throttled right before it; NULL: nobody told.
  before_throttled INTEGER CHECK (before_throttled IN (0, 1)),
  -- Clock of the core right after it, Hz; NULL: nobody told.
  after_cpu_frequency_hz INTEGER CHECK (after_cpu_frequency_hz >= 0),
  -- Temperature right after it, 1/1000 degree C; NULL: nobody told.
  after_temperature_millicelsius INTEGER,
  -- 1: the device was throttled right after it; NULL: nobody told.
  after_throttled INTEGER CHECK (after_throttled IN (0, 1)),
  PRIMARY KEY (trial_id, round, sequence)
) STRICT, WITHOUT ROWID;

-- The reference kernel, timed on a device every so many trials: whether the device is still the one
-- that it was, and how noisy it is.
CREATE TABLE reference_timings (
  -- Local number of the timing in this log.
  id INTEGER PRIMARY KEY,
  -- Where it ran.
  device_id INTEGER NOT NULL REFERENCES devices (id),
  -- What the kernel was built for: only timings of one target are compared.
  target_id INTEGER NOT NULL REFERENCES targets (id),
  -- The task whose trials it stands between.
  task_id INTEGER NOT NULL REFERENCES tasks (id),
  -- Fastest sample, ns per run: what is compared.
  min_ns REAL NOT NULL CHECK (min_ns > 0),
  -- Median of the samples, ns per run.
  median_ns REAL NOT NULL CHECK (median_ns > 0),
  -- Median absolute deviation of the same, unscaled, ns.
  mad_ns REAL NOT NULL CHECK (mad_ns >= 0),
  -- How far min_ns is from the level before, as a share of it; 0: there was none.
  drift REAL NOT NULL,
  -- first: begins a level; steady; drifted: was waited for; settled: after that, and the trials
  -- since the last steady one were measured again.
  verdict TEXT NOT NULL CHECK (verdict IN ('first', 'steady', 'drifted', 'settled')),
  -- Clock of the device after it, Hz; NULL: nobody told.
  cpu_frequency_hz INTEGER CHECK (cpu_frequency_hz >= 0),
  -- Temperature after it, 1/1000 degree C; NULL: nobody told.
  temperature_millicelsius INTEGER,
  -- 1: the device was throttled after it; NULL: nobody told.
  throttled INTEGER CHECK (throttled IN (0, 1)),
  -- When it was logged, ns since 1970 UTC.
  created_at_ns INTEGER NOT NULL CHECK (created_at_ns >= 0)
) STRICT;

CREATE INDEX reference_timings_by_device ON reference_timings (device_id, target_id, created_at_ns);

-- Trials with names in place of numbers: what people and the program read.
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

-- Per workload, target and kind of timing (hardware, emulated by cost_unit): the trial to deploy. Where a task
-- held an interleaved final, only its finalists stand: a lucky median of the search cannot win.
-- Each is the first fitting entry of the index trials_by_cost, however many trials there are.
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

-- Why trials fail, most frequent first within each workload and target.
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

-- What each device did, and how it fared. Trials that were measured again count once, their time
-- twice.
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

-- How steady each device is, by the reference kernel of each target over time.
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
