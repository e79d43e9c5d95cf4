import Contracts
import Foundation
import Model

/// The bytes of one contract version as they were when it was first written: hexadecimal, with comments after `;`.
///
/// A version's file never changes; a new version adds one.
func golden(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
    let text = try String(contentsOf: folder.appendingPathComponent("\(name).hex"), encoding: .utf8)
    return text.split(separator: "\n").flatMap { line in
        line.prefix { $0 != ";" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }
}

/// What the golden files say.
enum GoldenValues {
    static let id = UniqueID(high: 0x0011_2233_4455_6677, low: 0x8899_AABB_CCDD_EEFF)
    static let contact = ContactKey(workspace: WorkspaceID(rawValue: 7), contact: UniqueID(high: 3, low: 4))

    static let events = EventBatch(
        id: id,
        events: [
            AcceptedEvent(
                workspace: WorkspaceID(rawValue: 7), eventID: "m-1", call: .identify,
                subject: .identity(Identity(.user, "u42")),
                aliases: [Identity(.anonymous, "a-9"), Identity(.email, "zoë@example.com")], name: "User Identified",
                sentTime: Timestamp(microseconds: 1_767_225_600_000_001),
                at: Timestamp(microseconds: 1_767_225_600_500_000),
                receivedAt: Timestamp(microseconds: 1_767_225_601_000_000), trust: .server, effect: .history,
                properties: Array(#"{"plan":"pro"}"#.utf8), context: Array(#"{"ip":"192.0.2.1"}"#.utf8)),
            AcceptedEvent(
                workspace: WorkspaceID(rawValue: -1), eventID: "", call: .track,
                subject: .id(UniqueID(high: 1, low: 2)), name: "", sentTime: nil, at: Timestamp(microseconds: -1),
                receivedAt: Timestamp(microseconds: 0), trust: .system),
        ])

    static let signals = SignalBatch(
        id: id,
        signals: [
            Signal(
                contact: contact, cause: .event, at: Timestamp(microseconds: 1_767_225_600_500_000), eventID: "m-1",
                subject: UniqueID(high: 5, low: 6), name: "Order Completed"),
            Signal(
                contact: contact, cause: .stage("care"), at: Timestamp(microseconds: 1_767_225_600_500_001),
                eventID: "m-2", subject: UniqueID(high: 3, low: 4), name: "Page Viewed"),
        ])

    static let segmentSignals = SignalBatch(
        id: id,
        signals: [
            Signal(
                contact: contact, cause: .entered(segment: "vip", ordinal: 3, isBackfill: true),
                at: Timestamp(microseconds: 1_767_225_600_500_000), eventID: "m-1", subject: UniqueID(high: 3, low: 4),
                name: "Segment Entered"),
            Signal(
                contact: contact, cause: .left(segment: "new"), at: Timestamp(microseconds: 1_767_225_600_500_001),
                eventID: "", subject: UniqueID(high: 3, low: 4), name: "Segment Left"),
            Signal(
                contact: contact, cause: .event, at: Timestamp(microseconds: 1_767_225_600_500_001), eventID: "m-2",
                subject: UniqueID(high: 3, low: 4), name: "Page Viewed"),
        ])

    static let returned = ReturnedMail(
        mark: MessageMark(workspace: WorkspaceID(rawValue: 7), contact: 3, message: 7),
        kind: .failed("invalid", blamesSender: false), status: "5.1.1", words: "user unknown",
        receivedAt: Timestamp(microseconds: 1_767_225_600_000_000), means: "smtp")

    static let leavingSignals = SignalBatch(
        id: id,
        signals: [
            Signal(
                contact: contact, cause: .left(segment: "vip", ordinal: 3, isBackfill: true),
                at: Timestamp(microseconds: 1_767_225_600_500_000), eventID: "m-1", subject: UniqueID(high: 3, low: 4),
                name: "Segment Left"),
            Signal(
                contact: contact, cause: .date(journey: "party", key: "2026-03-09"),
                at: Timestamp(microseconds: 1_767_225_600_500_001), eventID: "", subject: UniqueID(high: 3, low: 4),
                name: "Date Reached"),
            Signal(
                contact: contact, cause: .call(journey: "party", key: "by me"),
                at: Timestamp(microseconds: 1_767_225_600_500_001), eventID: "", subject: UniqueID(high: 3, low: 4),
                name: "Journey Called"),
        ])

    static let hints = MessageHints(hints: [
        MessageHints.Hint(contact: contact, message: UniqueID(high: 7, low: 8)),
        MessageHints.Hint(
            contact: ContactKey(workspace: WorkspaceID(rawValue: 8), contact: UniqueID(high: .max, low: 0)),
            message: UniqueID(high: 9, low: 10)),
    ])

    static let withdrawal = RecordedWithdrawal(
        contact: contact, message: UniqueID(high: 7, low: 8), topic: "newsletter",
        answeredAt: Timestamp(seconds: 1_767_225_600), means: "one-click")

    static let barrier = WithdrawalBarrier(id: id)

    static let erasure = ErasureRecord(
        workspace: WorkspaceID(rawValue: 7), erasedAt: Timestamp(microseconds: 1), subjects: [[1, 2], [3]],
        addresses: [ErasureRecord.Address(hash: [4], reason: "erased")])

    static let mark = ClaimMark(number: 0x0102_0304_0506_0708, at: Timestamp(microseconds: 1))
}
