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
}
