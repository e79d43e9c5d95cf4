import Mail

/// Reads `{name: …, address: …}` as mails will say it: what passes here can be put into their headers.
struct SenderReader {
    /// Bytes of a domain that leave room for a topic's label before it, in `List-Id`.
    private static let domainLimit = 253 - 64

    private let inspection: Inspection

    init(_ inspection: Inspection) { self.inspection = inspection }

    func read(_ node: YAMLNode) -> Sender? {
        guard let fields = Fields(node, of: "a sender", keys: ["name", "address"], in: inspection) else { return nil }
        let name = fields.required("name").flatMap(self.name)
        let address = fields.required("address").flatMap(self.address)
        guard let name, let address else { return nil }
        return Sender(name: name, address: address)
    }

    private func name(_ node: YAMLNode) -> String? {
        guard let text = inspection.text(node, "a sender's name") else { return nil }
        do {
            return try HeaderValue(text).text
        } catch {
            let fault = error.code == .tooLong ? "has more than \(HeaderValue.limit) bytes" : "must be one line"
            inspection.report(.invalid, "a sender's name \(fault)", at: node.place)
            return nil
        }
    }

    /// An address as mail is sent from: a plain `local@domain` (RFC 5321, section 4.1.2, without quoting) in ASCII.
    func address(_ node: YAMLNode) -> String? {
        guard let text = inspection.text(node, "an address") else { return nil }
        guard let fault = fault(of: text) else { return text }
        inspection.report(
            .invalid, "\"\(text)\" is not an address: \(fault)", at: node.place, help: "such as hello@shop.example")
        return nil
    }

    private func fault(of text: String) -> String? {
        do {
            let domain = try MailAddress(text).domain.name
            if !domain.contains(".") { return "its domain has no dot" }
            return domain.utf8.count > Self.domainLimit ? "its domain has more than \(Self.domainLimit) bytes" : nil
        } catch {
            return error.message
        }
    }
}
