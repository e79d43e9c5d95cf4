import Contracts
import Links
import MailReception
import Model
import Synchronization
import Testing

@testable import Ingestion

/// What becomes of mail that ingest takes by SMTP.
@Suite struct ReturnDeskTests {
    private static let tokens = try! MailTokens(secrets: [LinkSecret(id: "k1", bytes: Array(repeating: 7, count: 32))])
    private static let mark = MessageMark(workspace: WorkspaceID(rawValue: 3), contact: 5, message: 7)
    private static let returnPath = "\(tokens.localPart(for: mark, .bounce))@bounces.shop.example"

    /// What a desk gave to the queue.
    private final class Queue: Sendable {
        let bodies = Mutex<[[UInt8]]>([])
        let isAway = Mutex(false)

        var mails: [ReturnedMail] { get throws { try bodies.withLock { $0 }.map { try ReturnedMail(decoding: $0) } } }
    }

    private struct Away: Error {}

    private static func desk(_ queue: Queue) -> ReturnDesk {
        ReturnDesk(tokens: tokens, now: { receipt }, logger: silent) { body in
            if queue.isAway.withLock({ $0 }) { throw Away() }
            queue.bodies.withLock { $0.append(body) }
        }
    }

    private static func complaint(about returnPath: String) -> [UInt8] {
        Array(
            """
            From: feedback@provider.example
            To: abuse@bounces.shop.example
            Subject: FW: News
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=feedback-report; boundary="b"

            --b
            Content-Type: text/plain

            This is an email abuse report.
            --b
            Content-Type: message/feedback-report

            Feedback-Type: abuse
            User-Agent: Provider/1.0
            Version: 1
            --b
            Content-Type: message/rfc822

            Return-Path: <\(returnPath)>
            From: hello@shop.example
            To: anne@example.com
            Subject: News

            News.
            --b--

            """.utf8)
    }

    @Test(arguments: [
        ("postmaster", true), ("Postmaster@bounces.shop.example", true), ("ABUSE@bounces.shop.example", true),
        ("abuse", false), ("postmaster+x@shop.example", false), ("anne@shop.example", false), ("", false),
        (returnPath, true), ("b+aaaa@bounces.shop.example", false),
    ])
    func itKnowsTokensAndWhatEveryHostHas(_ address: String, _ isKnown: Bool) {
        #expect(Self.desk(Queue()).knows(address) == isKnown)
    }

    @Test(arguments: StandingMailbox.allCases) func aComplaintThereIsOneOfTheMailThatItEncloses(_ box: StandingMailbox)
        async throws
    {
        let queue = Queue()
        let mail = ReceivedMail(
            from: "feedback@provider.example", recipients: ["\(box.rawValue)@bounces.shop.example"],
            bytes: Self.complaint(about: Self.returnPath))
        #expect(await Self.desk(queue).take(mail) == .taken)
        let found = try queue.mails
        #expect(found.count == 1 && found.first?.mark == Self.mark && found.first?.kind == .complaint, "\(found)")
        queue.isAway.withLock { $0 = true }
        #expect(await Self.desk(queue).take(mail) == .later, "a complaint is not lost while the broker is away")
    }

    @Test func whateverElseComesThereIsTakenAndDoesNothing() async throws {
        let queue = Queue()
        let forged = Self.returnPath.replacing("+a", with: "+b")
        let letter = Array("From: anne@example.com\r\nSubject: hello\r\n\r\nAbout \(Self.returnPath).\r\n".utf8)
        for bytes in [letter, Self.complaint(about: forged), Self.complaint(about: "hello@shop.example"), []] {
            for to in ["postmaster", "abuse@bounces.shop.example"] {
                let mail = ReceivedMail(from: "anne@example.com", recipients: [to], bytes: bytes)
                #expect(await Self.desk(queue).take(mail) == .taken)
            }
        }
        #expect(try queue.mails.isEmpty)
    }

    @Test func amongMuchThatLooksLikeOneATokenIsLookedForInBounds() {
        let fake = "b+" + String(repeating: "a", count: 58) + " "
        let few = Array((String(repeating: fake, count: 31) + "<\(Self.returnPath)>").utf8)
        #expect(Self.tokens.search(few) == Self.mark)
        #expect(Self.tokens.search(Array((String(repeating: fake, count: 32) + Self.returnPath).utf8)) == nil)
        for text in ["+", "b+", Self.returnPath.prefix(59).description, "++\(fake)"] {
            #expect(Self.tokens.search(Array(text.utf8)) == nil, "\(text)")
        }
    }
}
