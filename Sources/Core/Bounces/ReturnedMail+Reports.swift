extension ReturnedMail {
    /// What a report on delivery (RFC 3464) says of each recipient; nil for what is none.
    var reported: [Bounce]? {
        var seen: Set<String> = []
        let bounces = deliveryBlocks.prefix(Self.mostRecipients).compactMap(bounce).filter { bounce in
            guard let recipient = bounce.recipient else { return false }
            return seen.insert(recipient.lowercased()).inserted
        }
        return bounces.isEmpty ? nil : bounces
    }

    /// The blocks on recipients; where the mail is not made as it says, wherever they stand.
    private var deliveryBlocks: [HeaderBlock] {
        let blocks = mail.parts.filter { Self.types.contains($0.type) }.flatMap(\.text.blocks).filter(\.isOfRecipient)
        return blocks.isEmpty ? mail.source.blocksOfRecipients : blocks
    }

    private static let types: Set<String> = ["message/delivery-status", "message/global-delivery-status"]

    private func bounce(_ block: HeaderBlock) -> Bounce? {
        let named = block.addresses("original-recipient", "final-recipient", "x-actual-recipient")
        guard let recipient = named.first(where: { !isExcluded($0) }) ?? named.first else { return nil }
        let diagnostic = ByteText(block["diagnostic-code"] ?? "")
        let around = words(around: recipient)
        var status = ByteText(block["status"] ?? "").status
        if status?.isBare ?? true { status = diagnostic.status ?? around.status ?? status }
        let code = diagnostic.replyCode ?? around.replyCode
        let said = diagnostic.bytes.count > 12 ? diagnostic : ByteText(diagnostic.bytes + [0x20] + around.bytes)
        let reason = said.sentence(Self.wordsLimit)
        let action = (block["action"] ?? "").lowercased().prefix { $0 != " " }
        if Self.arrivals.contains(String(action)) || status?.class == 2 {
            return Bounce(
                recipient: recipient, class: .delivered, status: status ?? EnhancedStatus(2, 0, 0), replyCode: code,
                reason: reason)
        }
        if action == "delayed", status?.class != 5 {
            var delay = Bounce(
                recipient: recipient, class: .transient, status: status ?? EnhancedStatus(4, 0, 0), replyCode: code,
                reason: reason)
            delay.isDelay = true
            return delay
        }
        let (`class`, derived) = Judgement.of(
            Judgement.Evidence(
                status: status, replyCode: code, words: ByteText(reason), isFinal: action.hasPrefix("fail")))
        return Bounce(recipient: recipient, class: `class`, status: derived, replyCode: code, reason: reason)
    }

    private static let arrivals: Set<String> = ["delivered", "relayed", "expanded"]

    private func isExcluded(_ address: String) -> Bool {
        address.isServers || senders.contains(address.lowercased())
    }

    /// What the text says of a recipient: from where it is first named to where a line begins with another one, and no more
    /// than a little.
    func words(around recipient: String) -> ByteText {
        let name = recipient.lowercased()
        guard let start = words.place(of: name) else { return ByteText([]) }
        let end = min(words.bytes.count, start + 600)
        let next = words[start..<end].addresses.first { address in
            address.text.lowercased() != name && words.beginsLine(start + address.range.lowerBound)
        }
        return words[start..<(next.map { start + $0.range.lowerBound } ?? end)]
    }
}

extension HeaderBlock {
    fileprivate var isOfRecipient: Bool { self["final-recipient"] != nil || self["original-recipient"] != nil }
}

extension ByteText {
    /// Whether nothing stands before a place in its line but what encloses an address.
    fileprivate func beginsLine(_ place: Int) -> Bool {
        bytes[..<place].reversed().prefix { $0 != UInt8(ascii: "\n") }
            .allSatisfy { Self.isSpace($0) || $0 == UInt8(ascii: "<") }
    }

    /// What empty lines divide.
    fileprivate var blocks: [HeaderBlock] {
        lines.split { $0.allSatisfy(Self.isSpace) }
            .map { HeaderBlock(ByteText(Array($0.joined(separator: CollectionOfOne(UInt8(ascii: "\n")))))) }
    }

    fileprivate var blocksOfRecipients: [HeaderBlock] {
        contains("final-recipient:") ? blocks.filter(\.isOfRecipient) : []
    }
}
