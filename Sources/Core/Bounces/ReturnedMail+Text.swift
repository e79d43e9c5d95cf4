extension ReturnedMail {
    /// What a server says in its own words; empty where the mail is none of a server's.
    var told: [Bounce] {
        let evidence = (status: words.failure, code: words.failureCode)
        let isTold = Phrases.deliveryWords.occur(in: words) && (evidence.status != nil || evidence.code != nil)
        let isAutomatic =
            (mail.header["auto-submitted"] ?? "").lowercased().hasPrefix("auto-")
            || mail.header["return-path"] == "<>" || mail.header["x-failed-recipients"] != nil
        guard isTold || isReport || isServers || isAutomatic || Phrases.reportSubjects.occur(in: ByteText(subject))
        else {
            return []
        }
        let named = recipients
        return named.isEmpty ? [bounce(of: nil)] : named.prefix(Self.mostRecipients).map(bounce)
    }

    private func bounce(of recipient: String?) -> Bounce {
        let around = recipient.map(words(around:)) ?? ByteText([])
        let near = around.bytes.isEmpty ? words : around
        var evidence = Judgement.Evidence(
            status: near.failure ?? words.failure, replyCode: near.failureCode ?? words.failureCode,
            words: ByteText(near.sentence(500)))
        if Phrases.meaning(of: evidence.words) == nil { evidence.words = ByteText(words.sentence(4000)) }
        let (`class`, status) = Judgement.of(evidence)
        var bounce = Bounce(
            recipient: recipient, class: `class`, status: status, replyCode: evidence.replyCode,
            reason: near.sentence(Self.wordsLimit))
        bounce.isDelay = `class` == .transient && Phrases.tryingOn.occur(in: evidence.words)
        return bounce
    }

    /// Whom the mail did not reach, by the best that it tells: a field made for it, what the text introduces as a
    /// recipient, whom else the text names, to whom the mail went.
    private var recipients: [String] {
        let failed = mail.header.addresses("x-failed-recipients")
        if !failed.isEmpty { return failed.unique }
        let addresses = words.addresses.prefix(5 * Self.mostRecipients)
        let foreign = addresses.filter { address in
            !isOwn(address.text) && address.text.contains { $0 == "." }
        }
        let introduced = foreign.filter(isIntroduced).map(\.text)
        let named = introduced.isEmpty ? Array(foreign.prefix(1).map(\.text)) : introduced.unique
        if !named.isEmpty {
            let originals = Set(originalRecipients.map { $0.lowercased() })
            let ours = named.filter { originals.contains($0.lowercased()) }
            return ours.isEmpty ? named : ours
        }
        let others = Set(authors).union(originalSenders)
        let own = addresses.filter {
            isIntroduced($0) && !$0.text.isServers && !others.contains($0.text.lowercased())
        }
        let ways: [[String]] = [
            own.map(\.text), originalRecipients.filter { !isOwn($0) },
            originalRecipients.filter { !originalSenders.contains($0.lowercased()) },
            copy.addresses.map(\.text).filter { !isOwn($0) },
        ]
        return Array((ways.first { !$0.isEmpty } ?? []).prefix(1))
    }

    private func isIntroduced(_ address: ByteText.Address) -> Bool {
        let start = address.range.lowerBound
        let before = max(0, start - 200)..<start
        let line = words.bytes[before].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? before.lowerBound
        return Phrases.introductions.occur(in: words[line..<start])
    }
}

extension [String] {
    /// Each once, whatever its case, in their order.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0.lowercased()).inserted }
    }
}
