import CrashPoints

extension SettingsReader {
    /// What a test has this process do to itself; see `CrashPoint`. A release build has no such settings.
    public mutating func readCrashPlan() {
        #if DEBUG
            let places = CrashPoint.allCases.map(\.name).joined(separator: " | ")
            let form = "NAME or NAME:ARRIVAL, NAME being one of \(places)"
            let death = optional(
                "LOODS_CRASH_POINT", type: "place", expectation: form,
                meaning: "For tests: the process dies (SIGKILL) when it comes there.", parse: CrashPlan.Place.init)
            let freeze = optional(
                "LOODS_FREEZE_POINT", type: "place", expectation: form,
                meaning: "For tests: the process stands still (SIGSTOP) when it comes there.",
                parse: CrashPlan.Place.init)
            let kinds = CrashItem.allCases.map { "\($0)" }.joined(separator: " | ")
            let item = optional(
                "LOODS_CRASH_ITEM", type: "kind:name", range: kinds,
                expectation: "KIND:NAME, KIND being one of \(kinds)",
                meaning: "For tests: the process dies (SIGKILL) whenever it handles such an item.",
                parse: CrashPlan.Item.init)
            CrashPlan.install(death: death, freeze: freeze, item: item)
        #endif
    }
}
