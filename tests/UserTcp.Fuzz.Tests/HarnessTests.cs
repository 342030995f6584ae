using UserTcp.Fuzz.Wire;
using UserTcp.Primitives;

namespace UserTcp.Fuzz.Tests;

/// <summary>Findings are worth as much as the parts of the fuzzer itself.</summary>
public sealed class HarnessTests
{
    // Listen on port 80; SYN and final ACK from 10.0.0.10; accept.
    private static readonly byte[] s_established = [0, 0, 0, 0, 4, 0, 8, 0, 0, 6, 0];

    [Fact]
    public void Text_follows_from_its_sequence_number_across_the_wrap()
    {
        byte[] whole = new byte[200_000];
        var first = new SeqNumber(uint.MaxValue - 100_000);
        Octets.FillPeers(first, whole);

        Assert.True(Octets.ArePeers(first + 99_990, whole.AsSpan(99_990, 50)));
        Assert.False(Octets.ArePeers(first + 99_991, whole.AsSpan(99_990, 50)));
        Assert.False(Octets.AreOurs(first, whole));
    }

    /// <summary>With one shard, with two, and with five.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3 << 3)]
    [InlineData(6 << 3)]
    public void A_handshake_and_some_text_reach_what_they_are_made_for(byte options)
    {
        var coverage = new StateCoverage();
        byte[] input = [options, .. s_established[1..], 10, 0, 5, 18, 0, 0, 17, 0, 3, 11, 0, 0, 13, 0, 0, 19, 0, 11, 0, 0];

        FuzzRun.Execute(input, input.Length, coverage);

        IReadOnlyDictionary<string, long> reached = coverage.Count();
        Assert.Equal(1, coverage.Executions);
        Assert.Equal(1, reached["arrow SynReceived to Established"]);
        Assert.Equal(1, reached["arrow Established to CloseWait"]);
        Assert.Equal(1, reached["arrow CloseWait to LastAck"]);
        Assert.Equal(1, reached["end Graceful"]);
    }

    [Fact]
    public void The_same_input_is_the_same_execution()
    {
        byte[] input = [.. s_established, 17, 0, 7, 0, 20, 16, 0, 1, 10, 200, 40, 90, 1, 1, 11, 0, 0, 20, 0, 1, 1];
        var first = new StateCoverage();
        var second = new StateCoverage();

        FuzzRun.Execute(input, input.Length, first);
        FuzzRun.Execute(input, input.Length, second);

        Assert.Equal(first.Count(), second.Count());
    }

    [Fact]
    public void Mutations_repeat_for_a_seed()
    {
        byte[][] corpus = [[1, 2, 3, 4, 5, 6], [9, 9, 9, 9, 9, 9, 9]];

        byte[] once = new Mutations(corpus, 7).Next();

        Assert.Equal(once, new Mutations(corpus, 7).Next());
        Assert.NotEqual(once, new Mutations(corpus, 8).Next());
    }

    [Fact]
    public void A_corpus_file_gives_back_what_was_saved()
    {
        string file = Path.GetTempFileName();
        try
        {
            Corpus.Save(file, [[1], new byte[300]]);

            Assert.Equal([1, 300], Corpus.Load(file).Select(static input => input.Length));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
