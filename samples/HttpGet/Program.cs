using System.CommandLine;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using UserTcp.Gateway;
using UserTcp.Links;

namespace HttpGet;

/// <summary>Fetches a page on the pipes of a connection; <c>usertcp get</c> is for redirects, files and more.</summary>
internal static class Program
{
    private const string Purpose = "Fetches a page, by default a small one of this machine's own, with UserTcp: "
        + "a TCP/IP stack in this process, not the system's.";

    private static readonly Argument<string?> s_url = new("URL") { Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> s_link = Text("--link", "A link such as eth0; else a gateway in memory.");
    private static readonly Option<string?> s_address = Text("--address", "An address such as 192.168.1.50/24.");
    private static readonly Option<string?> s_gateway = Text("--gateway", "The router on that link.");
    private static readonly Option<string?> s_capture = Text("--capture", "A pcapng file for every frame.");

    private static async Task<int> Main(string[] args)
    {
        using Stream output = Console.OpenStandardOutput();
        return await RunAsync(args, output, Console.Error);
    }

    /// <summary>The whole program; its exit code is 0, 1 for a failure, or 130 for Ctrl+C.</summary>
    internal static Task<int> RunAsync(
        string[] args, Stream output, TextWriter error, X509ChainPolicy? trust = null, CancellationToken stop = default)
    {
        var root = new RootCommand(Purpose) { s_url, s_link, s_address, s_gateway, s_capture };
        root.SetAction(async (parsed, interrupted) =>
        {
            try
            {
                await FetchAsync(parsed, output, new Account(error), trust, interrupted);
                return 0;
            }
            catch (Exception failure)
            {
                error.WriteLine($"HttpGet: {Account.Clean(failure.Message)}");
                return interrupted.IsCancellationRequested ? 130 : 1;
            }
        });
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { Error = error }, stop);
    }

    private static async Task FetchAsync(
        ParseResult parsed, Stream output, Account account, X509ChainPolicy? trust, CancellationToken stop)
    {
        (UserTcpStack stack, IAsyncDisposable owner) = await OpenAsync(parsed, stop);
        await using IAsyncDisposable _ = owner;
        account.Opened(stack);
        using var demo = new TcpListener(IPAddress.Loopback, 0);
        var url = new Uri(parsed.GetValue(s_url) ?? DemoPage.Serve(demo));
        if (url.Scheme is not ("http" or "https"))
            throw new NotSupportedException($"'{url.Scheme}' is not spoken here: use http or https.");

        IPAddress[] addresses = await Dns.GetHostAddressesAsync(url.IdnHost, AddressFamily.InterNetwork, stop);
        await using UserTcpConnection connection = await stack.ConnectAsync(addresses[0], url.Port, stop);
        account.Connected(stack, connection);
        try
        {
            await using SslStream? tls = url.Scheme == "https" ? new(connection.AsStream()) : null;
            if (tls is not null)
            {
                await tls.AuthenticateAsClientAsync(
                    new() { TargetHost = url.IdnHost, CertificateChainPolicy = trust }, stop);
                account.Line("tls", $"{tls.SslProtocol}  {tls.NegotiatedCipherSuite}");
            }

            HttpExchange exchange = tls is null ? new(connection.Input, connection.Output) : HttpExchange.Over(tls);
            account.Answered(await exchange.AskAsync(url, stop));
            account.Ended(await exchange.CopyBodyAsync(output, stop), connection.GetInfo());
        }
        catch
        {
            connection.Abort(); // the server hears at once that nobody reads any more
            throw;
        }
    }

    private static async Task<(UserTcpStack Stack, IAsyncDisposable Owner)> OpenAsync(
        ParseResult parsed, CancellationToken stop)
    {
        LinkDevice Capture(LinkDevice link) =>
            parsed.GetValue(s_capture) is { } file ? new CaptureLink(link, file) : link;
        if (parsed.GetValue(s_link) is not { } device)
        {
            var embedded = new EmbeddedGatewayOptions { WrapLink = Capture };
            embedded.Gateway.AllowLoopback = true; // only a program that a person starts may lend it out
            EmbeddedGateway network = await EmbeddedGateway.StartAsync(embedded, stop);
            return (network.Stack, network);
        }

        var options = new UserTcpStackOptions { Link = Capture(LinkDevice.Open(device)) };
        options.Addresses.Add(UserTcpAddress.Parse(parsed.GetValue(s_address) ?? ""));
        options.Gateway = parsed.GetValue(s_gateway) is { } router ? IPAddress.Parse(router) : null;
        UserTcpStack stack = await UserTcpStack.OpenAsync(options, stop);
        return (stack, stack);
    }

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };
}
