using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace UserTcp.Tool.Tests.Support;

/// <summary>
/// Kestrel on the machine's loopback, with a certificate that signs itself and is good for the name localhost only.
/// </summary>
internal sealed class SecureServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _scheme;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("usertcp-tls-");

    private SecureServer(WebApplication app, string scheme, ConcurrentQueue<string> requests)
    {
        _app = app;
        _scheme = scheme;
        Requests = requests;
        CertificateFile = Path.Combine(_folder.FullName, "server.pem");
        File.WriteAllText(CertificateFile, Certificate.ExportCertificatePem());
    }

    public static X509Certificate2 Certificate { get; } = MakeCertificate();

    /// <summary>The protocol and the path of each, in the order in which they came.</summary>
    public ConcurrentQueue<string> Requests { get; }

    /// <summary>The certificate in PEM.</summary>
    public string CertificateFile { get; }

    private int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<SecureServer> StartAsync(string scheme, HttpProtocols protocols, RequestDelegate answer)
    {
        var requests = new ConcurrentQueue<string>();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = protocols;
                if (scheme == "https")
                    listen.UseHttps(Certificate);
            }));
        WebApplication app = builder.Build();
        app.Run(context =>
        {
            requests.Enqueue($"{context.Request.Protocol} {context.Request.Path}");
            return answer(context);
        });
        await app.StartAsync();
        return new SecureServer(app, scheme, requests);
    }

    public string Url(string host = "localhost", string path = "/") => $"{_scheme}://{host}:{Port}{path}";

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    public static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }
}
