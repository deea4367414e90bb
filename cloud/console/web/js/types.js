/**
 * Types of what the console sends (cloud/console/schemas.py). Only types: nothing runs here.
 *
 * @typedef {'high'|'medium'|'low'|'technical'} Priority
 * @typedef {'active'|'latched'|'acknowledged'|'ended'|'cleared'} AlarmState
 * @typedef {{name: string, value: number, unit: string}} Evidence
 * @typedef {{alarm_id: string, bed: string, code: string, name: string, priority: Priority, lethal: boolean,
 *   state: AlarmState, reason: string, onset_time_ms: number, detected_time_ms: number, raised_time_ms: number,
 *   ended_time_ms: number|null, origins: ('edge'|'stream')[], acknowledged_by: string,
 *   acknowledged_time_ms: number|null, audio_paused_until_ms: number|null, downgraded: string,
 *   judged: ''|'true'|'false', interpretation: string, evidence: Evidence[]}} Alarm
 * @typedef {{lead: string, index: number, problems: string[]}} LeadQuality
 * @typedef {{bed: string, time_ms: number, heart_rate_bpm: number|null, rhythm: string, rhythm_name: string,
 *   quality: LeadQuality[], epoch: number, beats: [number, string][]}} Vitals
 * @typedef {{bed: string, handle: number, agent_id: string, leads: string[], fs_hz: number, device_state: string,
 *   device_detail: string, spooled_segments: number}} Bed
 * @typedef {{status: 'ok'|'starting'|'degraded', time_ms: number, kafka: boolean, alarms_rebuilt: boolean,
 *   history: 'on'|'off'|'down', beds: number, standing_alarms: number, unpublished_commands: number,
 *   edge_to_console_p50_ms: number|null, edge_to_console_p99_ms: number|null}} Status
 * @typedef {'supported'|'contradicted'|'not measurable'} Verdict
 * @typedef {{text: string, step: number, kind: string, verdict: Verdict, evidence: string, start: number,
 *   end: number}} Claim
 * @typedef {{alarm_id: string, escalation_id: string, number: number, kind: string, time_ms: number,
 *   model_id: string, body: Record<string, any>}} InterpretationEvent
 * @typedef {{number: number, kind: string, time_ms: number, actor: string, detail: string,
 *   reason: string}} AlarmEvent
 * @typedef {{alarm: Alarm, events: AlarmEvent[], interpretation: InterpretationEvent[]}} AlarmDetail
 * @typedef {{name: string, connected: boolean, gain: number, baseline: number, samples: Int16Array}} LeadStrip
 * @typedef {{handle: number, history: boolean, epoch: number, firstSample: number, startTimeMs: number,
 *   fsHz: number, leads: LeadStrip[]}} Strip
 * @typedef {{priority: string, code: string, name: string, alarms: number, per_bed_day: number|null, acknowledged: number,
 *   answer_median_s: number|null, answer_p95_s: number|null, downgraded: number, judged_true: number,
 *   judged_false: number}} BurdenRow
 * @typedef {{bed: string, alarms: number, technical: number, acknowledged: number, answer_median_s: number|null,
 *   watched_h: number, per_day: number|null}} BurdenBed
 * @typedef {{since_ms: number, until_ms: number, beds: number, bed_days: number, total: BurdenRow|null,
 *   priorities: BurdenRow[], kinds: BurdenRow[], most_alarming: BurdenBed[],
 *   hours: {time_ms: number, high: number, medium: number, low: number, technical: number}[]}} Burden
 * @typedef {{beds: string[], leads: number, focus: string|null, alarm: string|null}} View
 */

export {};
