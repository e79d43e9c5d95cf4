public import Expressions
public import Model

/// A level of the customer journey.
public struct Stage: Sendable {
    public let name: String
    /// nil: reached by everybody (the first stage).
    public let when: Expression?
}

extension Workspace {
    /// The place of a stage in the order of the journey; -1 for none, or one that is no more.
    public func place(of stage: String?) -> Int { stages.firstIndex { $0.name == stage } ?? -1 }

    /// The stage that a contact is in, given the one it was in: the last whose condition holds, and never an earlier one
    /// than before.
    ///
    /// - Parameter asked: places of the stages whose conditions may have come true; the others are known to be false.
    ///   Nil asks all.
    /// - Returns: nil without stages; `validUntil` is the instant before which time alone moves the contact no further.
    public func stage(
        of facts: some EvaluationContext, before: String?, asked: Set<Int>? = nil
    ) -> (name: String, validUntil: Timestamp)? {
        guard !stages.isEmpty else { return nil }
        let floor = stages.firstIndex { $0.name == before } ?? 0
        var validUntil = Timestamp.distantFuture
        for index in stride(from: stages.count - 1, to: floor, by: -1) where asked?.contains(index) ?? true {
            guard let when = stages[index].when else { return (stages[index].name, validUntil) }
            let result = when.holds(in: facts)
            if result.holds { return (stages[index].name, validUntil) }
            validUntil = min(validUntil, result.validUntil)
        }
        return (stages[floor].name, validUntil)
    }
}
