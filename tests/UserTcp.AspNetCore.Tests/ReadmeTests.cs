using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using UserTcp.AspNetCore.Tests.Support;

namespace UserTcp.AspNetCore.Tests;

/// <summary>The example that people copy is the one that compiles.</summary>
public sealed class ReadmeTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("src/UserTcp.AspNetCore/README.md")]
    public void The_example_is_the_one_that_is_compiled(string readme) => Assert.Contains(
        Snippet(), File.ReadAllText(Path.Combine(Root(), readme)).ReplaceLineEndings("\n"), StringComparison.Ordinal);

    [Fact(Timeout = 60_000)]
    public async Task What_the_example_answers_is_the_round_trip()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, application => application.MapGet(
            "/", (HttpContext context) => RoundTripOf(context)));
        using HttpClient client = lab.CreateClient();

        Assert.StartsWith("rtt 00:00:0", await client.GetStringAsync(lab.Url()), StringComparison.Ordinal);
    }

    internal static async Task ServeAsync(string[] args)
    {
        // <kestrel>
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1");
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseUserTcp(stack).UseUrls("http://192.168.1.50:8080");   // other addresses stay with the kernel

        await using WebApplication app = builder.Build();
        app.MapGet("/", (HttpContext context) =>
            $"rtt {context.Features.GetRequiredFeature<IUserTcpConnectionFeature>().Connection.GetInfo().SmoothedRtt}");
        await app.RunAsync();
        // </kestrel>
    }

    private static string RoundTripOf(HttpContext context) =>
        $"rtt {context.Features.GetRequiredFeature<IUserTcpConnectionFeature>().Connection.GetInfo().SmoothedRtt}";

    private static string Snippet()
    {
        string source = File.ReadAllText(Path.Combine(Root(), "tests/UserTcp.AspNetCore.Tests/ReadmeTests.cs"))
            .ReplaceLineEndings("\n");
        int start = source.IndexOf("// <kestrel>\n", StringComparison.Ordinal) + "// <kestrel>\n".Length;
        int end = source.IndexOf("        // </kestrel>", StringComparison.Ordinal);
        IEnumerable<string> lines = source[start..end].Split('\n')
            .Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line);
        return string.Join('\n', lines).TrimEnd();
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "UserTcp.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException($"No UserTcp.sln above {AppContext.BaseDirectory}.");
    }
}
