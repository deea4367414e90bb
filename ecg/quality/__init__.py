"""ECG kernel: signal quality per lead and the artefact ladder."""

from ecg.quality.lead_quality import LeadQuality, QualityProblem

__all__ = ["LeadQuality", "QualityProblem"]
