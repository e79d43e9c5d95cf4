import Foundation
import Logging
import SMTP

/// Our connections and smtp-source, in turns.
actor Contest {
    enum Side {
        case ours
        case theirs
    }

    private static let sessions = 8
    private static let size = 20_000

    private let source: String
    private let port: Int
    private let mails: Int
    private var ours: [Double] = []
    private var theirs: [Double] = []

    init(source: String, port: Int, mails: Int) { (self.source, self.port, self.mails) = (source, port, mails) }

    func send(by side: Side, warmingUp: Bool = false) async throws {
        let count = warmingUp ? mails / 10 : mails
        let begun = ContinuousClock.now
        switch side {
        case .ours: try await sendOurs(count)
        case .theirs: try sendTheirs(count)
        }
        let took = begun.duration(to: .now).components
        let rate = Double(count) / (Double(took.seconds) + Double(took.attoseconds) / 1e18)
        if warmingUp { return }
        if side == .ours { ours.append(rate) } else { theirs.append(rate) }
    }

    func report(asJSON: Bool) {
        let (own, peer) = (median(ours), median(theirs))
        let ratio = (own / peer * 100).rounded() / 100
        if asJSON {
            print(
                "{\"engine_mails_per_second\":\(Int(own)),\"smtp_source_per_second\":\(Int(peer)),\"ratio\":\(ratio)}")
        } else {
            print(
                "ready-made mails of 20 KB  \(Int(own))/s on \(Self.sessions) connections, smtp-source \(Int(peer))/s: \(ratio) (must 0.80, aim 1.1)"
            )
        }
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private func sendTheirs(_ count: Int) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: source)
        process.arguments = [
            "-d", "-s", "\(Self.sessions)", "-m", "\(count)", "-l", "\(Self.size)", "-M", "bench.example",
            "-f", "shop@mail.example", "-t", "reader@mail.example", "127.0.0.1:\(port)",
        ]
        process.standardOutput = FileHandle.standardError
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Fault(message: "smtp-source failed") }
    }

    private func sendOurs(_ count: Int) async throws {
        let pool = SMTPPool(
            try SMTPConfiguration(
                host: "127.0.0.1", port: port, encryption: .none, helo: "bench.example", maxConnections: Self.sessions,
                maxDeliveriesPerConnection: count),
            logger: Logger(label: "engine"))
        let envelope = try SMTPEnvelope(from: "shop@mail.example", to: "reader@mail.example")
        let line = Array("The least that must be done, in lines of a decent length, and many of them.\r\n".utf8)
        let head = Array("From: shop@mail.example\r\nSubject: bench\r\n\r\n".utf8)
        let message = head + (0..<(Self.size / line.count)).flatMap { _ in line }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.sessions {
                let share = (count - lane - 1) / Self.sessions + 1
                group.addTask {
                    for _ in 0..<share {
                        guard case .accepted = await (try pool.prepare(envelope, message)).commit() else {
                            throw Fault(message: "smtp-sink did not accept a mail")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await pool.shutdown()
    }
}
