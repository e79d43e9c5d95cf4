@testable import Bounces

/// What comes back of mails, from anybody: something is made of it, and never more than it may be.
enum BounceFuzzing {
    static func run(_ input: Input) {
        let found = BounceReader.read(input.bytes)
        hold(!found.isEmpty && found.count <= ReturnedMail.mostRecipients, "as many as a mail may name")
        for bounce in found {
            let (limit, words) = (ReturnedMail.wordsLimit, bounce.reason)
            hold(words.utf8.count <= limit && !words.contains("\n"), "words without end")
            hold(bounce.recipient?.contains("@") ?? true, "an address without a domain")
            switch bounce.class {
            case .invalid, .mailbox, .policy, .content, .transient, .delivered:
                hold(bounce.status.map { (2...5).contains($0.class) } ?? false, "a bounce without a status")
            case .complaint, .autoReply, .none: hold(bounce.status == nil, "a status of what is no bounce")
            }
        }
        hold(found == BounceReader.read(input.bytes), "the same mail, another answer")
    }
}
