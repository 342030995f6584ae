using System.Diagnostics.CodeAnalysis;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace UserTcp.Extensions.Hosting;

/// <summary>Reads the options of a stack from configuration.</summary>
internal static class StackConfiguration
{
    /// <exception cref="InvalidOperationException">A key is no option, or a text cannot be read; the message names
    /// it.</exception>
    [RequiresUnreferencedCode("Binding finds the properties of the options by reflection.")]
    [RequiresDynamicCode("Binding may need code that is made at run time.")]
    public static void Bind(IConfiguration section, UserTcpStackOptions options)
    {
        section.Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);

        // The binder passes over these types in silence: they have no converter, and cannot be given one from here.
        if (TextOf(section, nameof(UserTcpStackOptions.Gateway)) is { } gateway)
            options.Gateway = Parse<IPAddress>(section, nameof(UserTcpStackOptions.Gateway), gateway, IPAddress.TryParse);

        IConfigurationSection defaults = section.GetSection(nameof(UserTcpStackOptions.ConnectionDefaults));
        if (TextOf(defaults, nameof(UserTcpConnectionOptions.LocalEndPoint)) is { } local)
        {
            options.ConnectionDefaults.LocalEndPoint = Parse<IPEndPoint>(
                defaults, nameof(UserTcpConnectionOptions.LocalEndPoint), local, IPEndPoint.TryParse);
        }
    }

    private delegate bool TryParse<T>(string text, [NotNullWhen(true)] out T? value);

    private static string? TextOf(IConfiguration section, string key) =>
        section[key] is { Length: > 0 } text ? text : null;

    private static T Parse<T>(IConfiguration section, string key, string text, TryParse<T> tryParse)
        where T : class
    {
        if (tryParse(text, out T? value))
            return value;

        string path = section is IConfigurationSection named ? $"{named.Path}:{key}" : key;
        throw new InvalidOperationException($"'{text}' at '{path}' cannot be read as {typeof(T).Name}.");
    }
}
