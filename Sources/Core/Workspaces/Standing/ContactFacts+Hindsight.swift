import Expressions
import Model

extension ContactFacts {
    /// The instant since when a question has had the answer that it has now, where nothing but time has changed it: a wake
    /// that is late, after an outage, may find more than one answer changed, each at its own instant.
    ///
    /// - Parameters:
    ///   - start: not before this instant.
    ///   - ask: answers for the facts as they were at an instant, with the one before which time alone changes nothing.
    func since<Answer: Equatable>(
        _ start: Timestamp, _ answer: Answer, _ ask: (ContactFacts) -> (Answer, validUntil: Timestamp)
    ) -> Timestamp {
        var past = self
        var (instant, since): (Timestamp, Timestamp?) = (start, nil)
        for _ in 0..<Self.mostInstants where instant < now {
            past.now = instant
            past.history.upTo = .end(of: instant)
            let (then, validUntil) = ask(past)
            since = then == answer ? since ?? instant : nil
            instant = max(validUntil, instant + Span(microseconds: 1))
        }
        return since ?? now
    }

    /// Who has changed more often is said to have changed now.
    private static var mostInstants: Int { 64 }
}
