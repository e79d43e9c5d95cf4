public import Model

extension Journey {
    /// The run that one entry leads to: the same id whoever computes it, whichever version runs.
    public static func runID(
        workspace: WorkspaceID, journey: String, contact: UniqueID, entryKey: String
    ) -> UniqueID {
        .derived("loods.run", String(workspace.rawValue), journey, contact.description, entryKey)
    }

    /// The message that one visit of a run to one step plans.
    public static func messageID(run: UniqueID, step: String, visit: Int) -> UniqueID {
        .derived("loods.message", run.description, step, String(visit))
    }

    /// The decision that one visit of a run to one step takes: it is taken once.
    public static func decisionID(run: UniqueID, step: String, visit: Int) -> UniqueID {
        visit == 1
            ? .derived("loods.decision", run.description, step)
            : .derived("loods.decision", run.description, step, String(visit))
    }

    /// The key under which one visit of a run to one step starts another journey.
    public static func callKey(run: UniqueID, step: String, visit: Int) -> String {
        "by " + messageID(run: run, step: step, visit: visit).description
    }

    /// Whether a run under this key was started by another journey's step.
    public static func isCall(_ key: String) -> Bool { key.hasPrefix("by ") }

    /// The event by which one visit of a run to one step changes something of its contact.
    public static func changeID(run: UniqueID, step: String, visit: Int) -> UniqueID {
        .derived("loods.change", run.description, step, String(visit))
    }

    /// Where a contact falls within a spread, whole milliseconds from zero up to it: the same in every run and version, at
    /// each visit another.
    static func lag(contact: UniqueID, journey: String, step: StepVisit, within spread: Span) -> Span {
        let milliseconds = UInt64(max(0, spread.microseconds / 1000))
        guard milliseconds > 0 else { return .zero }
        let hash = UniqueID.derived("loods.spread", contact.description, journey, step.step, String(step.visit)).high
        return Span(microseconds: Int64((hash & ~0xFFFF).multipliedFullWidth(by: milliseconds).high) * 1000)
    }

    /// Where a contact falls in a split, from 0 up to `total`: the same in every run and version, as long as the split keeps
    /// its name.
    static func draw(contact: UniqueID, journey: String, split: String, below total: UInt64) -> UInt64 {
        let hash = UniqueID.derived("loods.split", contact.description, journey, split).high
        // The lowest 16 bits hold the id's version.
        return (hash & ~0xFFFF).multipliedFullWidth(by: total).high
    }
}
