import Model
import Networks

@testable import Ingestion
@testable import Links

/// Tokens of links, their payloads, secrets, destinations, and what else of a request's head is read.
///
/// No bytes are taken for a signed token, and what a payload says is what is signed again.
enum TokenFuzzing {
    private static let signer = try! LinkSigner(secrets: [LinkSecret(id: "k1", bytes: Array(1..<33))])

    static func run(_ input: Input) {
        var input = input
        let choice = input.choice()
        switch choice % 6 {
        case 0:
            for purpose in LinkPurpose.allCases {
                hold((try? signer.verify(input.text, purpose)) == nil, "a token that nobody signed")
            }
        case 1: payload(Array(input.bytes))
        case 2: change(input.bytes)
        case 3:
            if let secrets = LinkSecret.list(input.text) { hold((try? LinkSigner(secrets: secrets)) != nil, "secrets") }
        case 4: destination(input.text)
        default: head(input)
        }
    }

    private static func payload(_ bytes: [UInt8]) {
        for purpose in LinkPurpose.allCases {
            guard let link = try? Link(payload: bytes, purpose: purpose) else { continue }
            hold(link.payload == bytes, "a payload that is read in two ways")
            guard let token = try? signer.sign(link) else { continue }
            hold(
                token.utf8.count > 4096 || (try? signer.verify(token, purpose)) == link, "a token that is not read back"
            )
        }
    }

    /// A sound token with other bytes in the place that the input names.
    private static func change(_ bytes: ArraySlice<UInt8>) {
        let origin = LinkOrigin(
            contact: ContactKey(workspace: WorkspaceID(rawValue: 7), contact: .derived("fuzz", "c")),
            message: .derived("fuzz", "m"))
        guard let sound = try? Array(signer.sign(.unsubscribe(origin, topic: "offers")).utf8), bytes.count > 1 else {
            return
        }
        let place = Int(bytes.first!) % sound.count
        var changed = Array(sound[..<place])
        changed += bytes.dropFirst()
        changed += sound[min(sound.count, place + bytes.count - 1)...]
        if changed == sound { return }
        hold(
            (try? signer.verify(String(decoding: changed, as: UTF8.self), .unsubscribe)) == nil,
            "a token that was changed")
    }

    private static func destination(_ text: String) {
        guard Destination.isAllowed(text) else { return }
        hold(text.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "a destination that ends a header")
        hold(text.lowercased().hasPrefix("http"), "a destination of another scheme")
        let authority = text.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        hold(!authority.contains("@") && !authority.contains("\\"), "a destination with somebody in it")
    }

    private static func head(_ input: Input) {
        let parts = input.parts
        for type in ["multipart/form-data; boundary=b", "application/x-www-form-urlencoded"] {
            _ = UnsubscribeForm(input.bytes, type: type)
        }
        if let proxies = TrustedProxies(parts[0]), let address = NetworkAddress(hop: parts.last ?? "") {
            _ = proxies.isTrusted(address)
            hold(address.subscriber.subscriber == address.subscriber, "a subscriber of a subscriber")
        }
        // With its offset a time may lie in a year that has no four digits.
        if let time = Timestamp(iso8601: parts[0]), (0..<253_402_300_800_000_000).contains(time.microseconds) {
            hold(Timestamp(iso8601: time.description) == time, "a time that is not read back")
        }
    }
}
