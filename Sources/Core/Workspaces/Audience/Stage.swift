public import Expressions
public import Model

/// A level of the customer journey.
public struct Stage: Sendable {
    public let name: String
    /// nil: reached by everybody (the first stage).
    public let when: Expression?
}

/// Whether contacts go back to an earlier stage.
public enum Regress: String, Sendable, CaseIterable {
    /// A stage once reached is kept: a decision.
    case never
    /// A contact is in the last stage whose condition holds, now: a fact, which may change with time alone.
    case follow
}

/// A workspace's stages, in order.
struct StageSet {
    var stages: [Stage] = []
    var regress = Regress.never
}

extension Workspace {
    /// The place of a stage in the order of the journey; -1 for none, or one that is no more.
    public func place(of stage: String?) -> Int { stages.firstIndex { $0.name == stage } ?? -1 }

    /// The stage that a contact is in, given the one it was in: the last whose condition holds, and with `regress: never` no
    /// earlier one than before.
    ///
    /// - Parameter asked: places of the stages whose conditions may have changed; the others are as they were when `before`
    ///   was reached. Nil asks all. With `regress: follow` it is all or nothing: asked for any, all are looked at.
    /// - Returns: nil without stages; `validUntil` is the instant before which time alone changes none of the conditions
    ///   that were looked at.
    public func stage(
        of facts: some EvaluationContext, before: String?, asked: Set<Int>? = nil
    ) -> (name: String, validUntil: Timestamp)? {
        guard !stages.isEmpty else { return nil }
        var (floor, asked) = (stages.firstIndex { $0.name == before } ?? 0, asked)
        if regress == .follow {
            if let asked, asked.isEmpty { return (stages[floor].name, .distantFuture) }
            (floor, asked) = (0, nil)
        }
        var validUntil = Timestamp.distantFuture
        for index in stride(from: stages.count - 1, to: floor, by: -1) where asked?.contains(index) ?? true {
            guard let when = stages[index].when else { return (stages[index].name, validUntil) }
            let result = when.holds(in: facts)
            if result.holds, regress == .never { return (stages[index].name, validUntil) }
            validUntil = min(validUntil, result.validUntil)
            if result.holds { return (stages[index].name, validUntil) }
        }
        return (stages[floor].name, validUntil)
    }
}
