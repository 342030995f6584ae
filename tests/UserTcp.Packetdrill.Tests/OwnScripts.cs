using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>
/// The scripts of this project, by topic. They hold to the letter, not only in what the RFCs ask for, with one shard and
/// with several.
/// </summary>
public sealed class OwnScripts
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "scripts");

    private static readonly string[] s_topics =
    [
        "batches", "close", "cubic", "data", "delayed-ack", "dsack", "ecn", "fast-recovery", "frto", "handshake",
        "icmp", "keep-alive", "mtu", "nagle", "options", "paws", "prr", "rack", "rfc5961", "rto", "sack", "sws",
        "time-wait", "tlp", "urgent", "user-timeout", "zero-window",
    ];

    public static TheoryData<string> Scripts()
    {
        var names = new TheoryData<string>();
        foreach (string file in Directory.EnumerateFiles(s_folder, "*.pkt", SearchOption.AllDirectories))
        {
            names.Add(Path.GetRelativePath(s_folder, file).Replace('\\', '/'));
        }

        return names;
    }

    [Theory, MemberData(nameof(Scripts))]
    public void Passes(string name) => Check(name, shards: 1);

    [Theory, MemberData(nameof(Scripts))]
    public void Passes_with_two_shards(string name) => Check(name, shards: 2);

    [Theory, MemberData(nameof(Scripts))]
    public void Passes_with_five_shards(string name) => Check(name, shards: 5);

    private static void Check(string name, int shards)
    {
        PacketdrillScript script = Load(name);
        var options = new PacketdrillOptions { Shards = shards };
        PacketdrillResult strict = script.Run(options with { IsStrict = true });
        Assert.True(strict.Outcome == PacketdrillOutcome.Passed, strict.ToString());
        PacketdrillResult normalised = script.Run(options);
        Assert.True(normalised.Outcome == PacketdrillOutcome.Passed, normalised.ToString());
    }

    [Fact]
    public void Every_topic_has_its_scripts()
    {
        Assert.True(Scripts().Count >= 150, $"there are {Scripts().Count} scripts");
        Assert.Empty(s_topics.Except(Directory.EnumerateDirectories(s_folder).Select(path => Path.GetFileName(path)!)));
    }

    [Fact]
    public void A_script_is_the_same_run_each_time() => Assert.Equal(Capture(), Capture());

    private static PacketdrillScript Load(string name) => PacketdrillScript.Load(Path.Combine(s_folder, name));

    private static byte[] Capture()
    {
        using var stream = new MemoryStream();
        Load("rack/lost-in-the-middle.pkt").Run().WritePcapng(stream);
        Assert.True(stream.Length > 2_000);
        return stream.ToArray();
    }
}
