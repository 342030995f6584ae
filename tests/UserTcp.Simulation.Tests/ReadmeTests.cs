using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>The example that people copy is the one that runs.</summary>
public sealed class ReadmeTests
{
    private const string Begin = "// <network>\n";
    private const string End = "        // </network>";

    [Fact]
    public void The_test_over_a_bad_network_runs()
    {
        // <network>
        using var network = new SimulatedNetwork(seed: 42);
        SimulatedHost server = network.AddHost("server"), client = network.AddHost("client");
        client.Link.Add(new RandomLoss(0.1));
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            await using UserTcpConnection connection = await client.Stack.ConnectAsync(server.Address, 7);
        });
        // </network>
        Assert.Equal(1, client.Stack.GetStatistics().ConnectionsInitiated);
    }

    [Fact]
    public void The_example_is_the_one_above()
    {
        string source = Read("tests/UserTcp.Simulation.Tests/ReadmeTests.cs");
        int start = source.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        string snippet = source[start..source.IndexOf(End, start, StringComparison.Ordinal)];
        Assert.Contains(snippet.Replace("\n        ", "\n", StringComparison.Ordinal).TrimStart(), Read("README.md"),
            StringComparison.Ordinal);
    }

    private static string Read(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "UserTcp.sln")))
            folder = Path.GetDirectoryName(folder);
        return File.ReadAllText(Path.Combine(folder!, path)).ReplaceLineEndings("\n");
    }
}
