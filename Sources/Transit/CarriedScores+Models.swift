public import Store
public import Workspaces

extension [CarriedScores.Key: CarriedScores.Entry] {
    /// What is carried of a score as its rules are now, of each subject.
    ///
    /// Points by other rules than these are left out: new rules begin with the log.
    public func scores(by model: ScoreModel) -> [CarriedScore] {
        let rules = model.rulesID
        return filter { $0.key.model == model.name && $0.key.rules == rules }.values.map { CarriedScore($0) }
    }
}

extension CarriedScore {
    /// As it is stored.
    public init(_ entry: CarriedScores.Entry) {
        self.init()
        balance = entry.balance
        for (slot, places) in entry.counted {
            counted[ScoreBook.Slot(rule: slot.rule, day: slot.day)] = CountedEvents(stored: places)
        }
    }

    /// To be stored.
    public func entry(of model: ScoreModel) -> CarriedScores.Entry {
        var entry = CarriedScores.Entry()
        entry.balance = balance
        for (slot, events) in counted {
            entry.counted[ScoreCounts.Slot(model: model.name, rule: slot.rule, day: slot.day)] = events.places
        }
        return entry
    }
}
