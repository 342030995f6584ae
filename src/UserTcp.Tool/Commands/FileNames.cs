using System.CommandLine;
using System.CommandLine.Parsing;

namespace UserTcp.Tool.Commands;

/// <summary>Names of files and folders on the command line.</summary>
internal static class FileNames
{
    /// <summary>Refuses the empty name, which is what a shell makes of a variable that is not set.</summary>
    public static Option<string?> NeverEmpty(this Option<string?> option)
    {
        option.Validators.Add(result => Check(result, option.Name));
        return option;
    }

    /// <inheritdoc cref="NeverEmpty(Option{string})"/>
    public static Argument<T> NeverEmpty<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result => Check(result, argument.Name));
        return argument;
    }

    private static void Check(SymbolResult result, string name)
    {
        if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
            result.AddError($"'{name}' takes a name, not an empty one.");
    }
}
