import Foundation
import Laboratory
import Model
import Postgres
import TestSupport
import Testing

/// A message for the next visit, and points of a step, by real services.
@Suite struct SiteMessageClusterTests {
    private static let visitor = "0f8fad5b-d9cb-469f-a165-70867728950e"

    private static let files = Shop.files.merging([
        "journeys/first.yaml": """
        journey: first
        enter: {event: Order Completed, again: never}
        steps:
          - score: {model: engagement, points: 7.5}
          - {site_message: plans, text: "New at {{workspace.name}}", link: {text: See, url: /new}, topic: offers}
          - wait_for: {event: Site Message Clicked, when: 'event.properties.step == "plans"', at_most: 1d}
            then: [{email: receipt}]
        """
    ]) { $1 }

    private static func ask(_ cluster: Cluster, _ key: String) async throws -> JSON? {
        let body = #"{"writeKey": "\#(key)", "anonymousId": "\#(visitor)"}"#
        let (status, answer) = try await cluster.open(
            "\(cluster.ingest)/v1/site-message", method: "POST", body: body)
        return status == 200 ? try JSON(parsing: Array(answer.utf8)) : nil
    }

    private static func report(_ what: String, _ token: String, to cluster: Cluster) async throws {
        let body = #"{"token": "\#(token)", "what": "\#(what)"}"#
        let (status, _) = try await cluster.open(
            "\(cluster.ingest)/v1/site-message/seen", method: "POST", body: body)
        #expect(status == 204)
    }

    @Test(.timeLimit(.minutes(10)))
    func aVisitorIsShownItOnceAndTheRunHears() async throws {
        try await Cluster.with(workspace: Self.files) { cluster in
            let key = try await cluster.loods("keys", "create", "--kind", "public")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            var events = Shop.customer(1, consents: ["offers"])
            // A server names the browser together with its customer.
            for index in events.indices { events[index]["anonymousId"] = Self.visitor }
            try await cluster.post(events)
            let offer = try await eventually("the message lies ready") {
                try await Self.ask(cluster, key)
            }
            #expect(offer["text"] == .string("New at shop"))
            #expect(offer["link"]?["url"] == .string("/new"))
            let token = try #require(offer["token"]?.string)
            let took = try await ContinuousClock().measure {
                for what in ["shown", "shown", "clicked", "clicked"] { try await Self.report(what, token, to: cluster) }
            }
            // The edge waits for the store for a second at most before it answers; the event tells it all the same.
            let isGone = try await Self.ask(cluster, key) == nil
            #expect(isGone || took > .milliseconds(700))
            try await eventually("it lies there no more") { try await Self.ask(cluster, key) == nil }
            try await eventually("the run has heard of the click") {
                try cluster.mail.mails().count == 1
            }
            for name in ["Site Message Shown", "Site Message Clicked", "Points Given"] {
                #expect(try await cluster.count("select count(*) from events where name = \(name)") == 1, "\(name)")
            }
            let told = try await cluster.loods("explain", Shop.address(1))
            #expect(told.contains("site message plans"), "\(told)")
            #expect(told.contains("laid out for the next visit, and shown"), "\(told)")
            #expect(told.contains("+7.5 engagement"), "\(told)")
            let points = try await cluster.loods("explain", Shop.address(1), "--score")
            #expect(points.contains("Points Given by first, score 1"), "\(points)")
            _ = try await cluster.loods("scores", "check", "--all")
        }
    }
}
