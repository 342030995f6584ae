using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>
/// A sample of the public collections, if it lies beside this repository. What fails there is named in
/// <c>waivers.txt</c>, with the RFC that decides.
/// </summary>
[Trait("Category", "ScriptsByOthers")]
public sealed class ScriptsByOthers(ITestOutputHelper output)
{
    private static readonly Lazy<List<(string Name, string Text, PacketdrillResult Result)>> s_results =
        new(() => RunAll(new PacketdrillOptions()));

    [FactWithScripts]
    public void What_fails_is_known_and_has_a_reason()
    {
        Dictionary<string, string> waivers = Waivers();
        Assert.All(waivers, waiver => Assert.Contains("RFC", waiver.Value, StringComparison.Ordinal));
        foreach ((string name, _, PacketdrillResult result) in s_results.Value)
        {
            output.WriteLine($"{result.Outcome,-12}{name} {result.Message}");
        }

        string[] failed = [.. Names(PacketdrillOutcome.Failed)];
        Assert.Empty(failed.Except(waivers.Keys));
        Assert.Empty(waivers.Keys.Except(failed));
    }

    [FactWithScripts]
    public void Most_of_what_applies_passes()
    {
        Dictionary<string, string> waivers = Waivers();
        var applicable = s_results.Value.Where(one => Applies(one.Result)).ToList();
        int unsupported = applicable.Count(one => one.Result.Outcome == PacketdrillOutcome.Unsupported);
        int failed = applicable.Count(one => one.Result.Outcome == PacketdrillOutcome.Failed);
        int excused = applicable.Count(one => waivers.ContainsKey(one.Name));
        output.WriteLine(
            $"{s_results.Value.Count} scripts, {applicable.Count} of IPv4 outside fast open, UDP encapsulation and "
            + $"accurate ECN: {applicable.Count - unsupported - failed} pass, {failed} fail ({excused} with a reason), "
            + $"{unsupported} are not supported");
        Assert.True(unsupported * 10 < applicable.Count);
        Assert.True((failed - excused) * 20 <= applicable.Count - unsupported - excused);
    }

    [FactWithScripts]
    public void Five_shards_have_the_same_outcomes_as_one() => Assert.Equal(
        s_results.Value.Select(one => (one.Name, one.Result.Outcome)),
        RunAll(new PacketdrillOptions { Shards = 5 }).Select(one => (one.Name, one.Result.Outcome)));

    [FactWithScripts]
    public void No_script_passes_by_being_empty() => Assert.All(
        s_results.Value.Where(one => one.Result.Outcome == PacketdrillOutcome.Passed),
        one => Assert.Contains("=", one.Text, StringComparison.Ordinal));

    private static bool Applies(PacketdrillResult result) =>
        result.Category is PacketdrillCategory.Plain or PacketdrillCategory.Unprotected;

    private static IEnumerable<string> Names(PacketdrillOutcome outcome) =>
        s_results.Value.Where(one => one.Result.Outcome == outcome).Select(one => one.Name);

    private static List<(string Name, string Text, PacketdrillResult Result)> RunAll(
        PacketdrillOptions options)
    {
        string folder = FactWithScriptsAttribute.Folder!;
        var results = new List<(string Name, string Text, PacketdrillResult Result)>();
        foreach (string file in Directory.EnumerateFiles(folder, "*.pkt", SearchOption.AllDirectories).Order())
        {
            PacketdrillScript script = PacketdrillScript.Load(file);
            results.Add((Path.GetRelativePath(folder, file).Replace('\\', '/'), script.Text, script.Run(options)));
        }

        return results;
    }

    private static Dictionary<string, string> Waivers()
    {
        IEnumerable<string> lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "waivers.txt"))
            .Where(line => line.Length > 0 && line[0] != '#');
        return lines.Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1]);
    }
}
