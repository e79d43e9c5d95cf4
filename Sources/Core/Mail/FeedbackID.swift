import Model

/// By what a provider's complaint rates are told apart (Gmail's feedback loop): `campaign:workspace:kind:sender`.
///
/// The last names the sender, in 5 to 15 characters that stay the same over all its mails; the others what a mail is of.
public struct FeedbackID: Sendable, Hashable, CustomStringConvertible {
    public let description: String

    /// What could not stand between colons becomes hyphens.
    ///
    /// - Parameters:
    ///   - campaign: what the mail is part of.
    ///   - kind: on what ground it is sent.
    ///   - sender: the domain that it is from.
    public init(campaign: String, workspace: String, kind: String, sender: MailDomain) {
        let names = [campaign, workspace, kind].map { Self.token($0).isEmpty ? "-" : Self.token($0) }
        description = (names + [Self.name(of: sender)]).joined(separator: ":")
    }

    private static func token(_ text: String) -> String {
        let bytes = text.utf8.prefix(64).map {
            ASCII.isAlphanumeric($0) || "._".utf8.contains($0) ? $0 : UInt8(ascii: "-")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A long name keeps its beginning and a hash of the whole.
    private static func name(of sender: MailDomain) -> String {
        let name = token(sender.name)
        if (5...15).contains(name.utf8.count) { return name }
        let digits = String(UniqueID.derived("loods.feedback", sender.name).low, radix: 36)
        return "\(name.prefix(8))-\(digits.suffix(6))"
    }
}
