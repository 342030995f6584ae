namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// A text that is approved by being committed. With USERTCP_UPDATE_SNAPSHOTS=1 in the environment the file is written
/// anew instead of compared; the change is then looked at in the review.
/// </summary>
internal static class Snapshot
{
    private const string Variable = "USERTCP_UPDATE_SNAPSHOTS";

    public static bool IsUpdating => Environment.GetEnvironmentVariable(Variable) == "1";

    public static void Matches(string relative, string actual)
    {
        string path = Repository.PathOf(relative);
        if (IsUpdating)
            File.WriteAllText(path, actual);

        string expected = File.Exists(path) ? Repository.Read(relative) : "";
        if (expected != actual)
            Assert.Fail(Explain(relative, expected.Split('\n'), actual.Split('\n')));
    }

    private static string Explain(string relative, string[] expected, string[] actual)
    {
        IEnumerable<string> gone = expected.Except(actual).Take(20).Select(line => $"  - {line}");
        IEnumerable<string> come = actual.Except(expected).Take(20).Select(line => $"  + {line}");
        return $"{relative} is not what the code says now:\n{string.Join("\n", gone.Concat(come))}\n" +
            $"If the change is meant: {Variable}=1 dotnet test tests/UserTcp.Architecture.Tests, and commit the file.";
    }
}
