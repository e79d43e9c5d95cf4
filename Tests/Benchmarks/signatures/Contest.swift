import Crypto
import Foundation
import Mail
import Model

/// One kind of keys: ours and the peer's in turns.
final class Contest {
    private let name: String
    private let peer: String
    private let seconds: Int
    private let key: DKIMKey
    private let signer: DKIMSigner
    private let mail: [UInt8]
    private var ours: [Double] = []
    private var theirs: [Double] = []
    private var mails: [Double] = []

    init(name: String, peer: String, pem: String, seconds: Int) throws {
        (self.name, self.peer, self.seconds) = (name, peer, seconds)
        key = try DKIMKey(pem: pem)
        let domain = try MailDomain("shop.example")
        signer = DKIMSigner(domain: domain, identities: [.init(try DKIMSelector("k1"), key)])
        mail = try MailMessage(
            from: MailAddress("hello@shop.example"), to: MailAddress("anne@mail.example"),
            subject: HeaderValue("Offer"),
            date: Timestamp(seconds: 0), messageID: MessageID(UniqueID.derived("bench"), at: domain), text: "Offer\n",
            html: String(repeating: "<p>An offer with a few words, as mails have them.</p>\n", count: 340)
        ).encoded()
    }

    func round() throws {
        theirs.append(try peerRate())
        let digest = Array(SHA256.hash(data: mail))
        ours.append(try rate { _ = try key.signature(of: digest) })
        mails.append(try rate { _ = try signer.signed(mail, at: Timestamp(seconds: 1_772_442_000)) })
    }

    func report(asJSON: Bool) {
        let (own, peer, whole) = (median(ours), median(theirs), median(mails))
        let ratio = (own / peer * 100).rounded() / 100
        if asJSON {
            print(
                "{\"signatures\":\"\(name)\",\"per_second\":\(Int(own)),\"openssl_per_second\":\(Int(peer)),\"ratio\":\(ratio),\"mails_per_second\":\(Int(whole))}"
            )
        } else {
            print(
                "\(name) signatures  \(Int(own))/s on one core, openssl speed \(Int(peer))/s: \(ratio) (must 0.90, aim 0.97); "
                    + "mails of \(mail.count) bytes signed \(Int(whole))/s")
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private func rate(_ body: () throws -> Void) throws -> Double {
        let (clock, length) = (ContinuousClock(), Duration.seconds(seconds))
        let begun = clock.now
        var count = 0
        while begun.duration(to: clock.now) < length {
            for _ in 0..<50 { try body() }
            count += 50
        }
        let took = begun.duration(to: clock.now).components
        return Double(count) / (Double(took.seconds) + Double(took.attoseconds) / 1e18)
    }

    /// The last line is `… sign verify sign/s verify/s`.
    private func peerRate() throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl", "speed", "-seconds", "\(seconds)", peer]
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let fields = text.split(separator: "\n").last?.split(separator: " ") ?? []
        guard process.terminationStatus == 0, fields.count >= 4, let rate = Double(fields[fields.count - 2]) else {
            throw PeerFault(message: "openssl speed \(peer) said nothing that can be read")
        }
        return rate
    }
}

struct PeerFault: Error, CustomStringConvertible {
    var message: String
    var description: String { message }
}
