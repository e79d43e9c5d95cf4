import JourneyProgram
import Model
import ServiceRuntime
import Workspaces

extension Application {
    /// Refuses what could not be applied without making stored facts or running contacts wrong.
    ///
    /// - Throws: `ExitFault` that names the fault and the way out.
    static func refuseConflicts(of new: Workspace, with old: Workspace) throws {
        for score in new.scores {
            guard let held = old.score(named: score.name), held.halfLife != score.halfLife else { continue }
            throw ExitFault(
                code: .failures,
                message: """
                    score "\(score.name)": half_life cannot change from \(words(held.halfLife)) to \
                    \(words(score.halfLife)), since its points are booked with the old one; give the score another \
                    name. Nothing has been changed
                    """)
        }
        for definition in new.journeys {
            guard let held = old.journey(named: definition.journey.name) else { continue }
            let templates = Dictionary(uniqueKeysWithValues: held.journey.messageSteps.map { ($0.step, $0.template) })
            for (step, template) in definition.journey.messageSteps {
                guard let before = templates[step], before != template else { continue }
                throw ExitFault(
                    code: .failures,
                    message: """
                        \(definition.file): step "\(step)" sent \(before) before and would send \(template) now; a \
                        step's name keeps its template over all versions, so give the step another name. Nothing has \
                        been changed
                        """)
            }
        }
    }

    private static func words(_ halfLife: Span?) -> String { halfLife.map(\.description) ?? "none" }
}
